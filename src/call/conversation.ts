import { assertUnreachable } from '../base/assert.js';
import type { Clock, TimerHandle } from '../base/clock.js';
import type { PlayoutReport } from '../flavor-api/index.js';
import { bytesPerMs, type FlavorCapabilities, type FlavorEvent, type InterruptCause } from '../flavor-api/index.js';
import type { CallerFrame, CommandSequence, MediaStream, StreamEvent } from '../media/engine.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import { AgentSpeech } from './agent-speech.js';
import type { CallLimits } from './call-limits.js';
import type { Dialogue } from './dialogue.js';
import type { SessionFormats } from './session-formats.js';
import type { SessionLink } from './session-link.js';
import { SilenceWatch } from './silence-watch.js';
import type { TurnLedger } from './turn-ledger.js';
import { type TurnDecision, TurnTaking } from './turn-taking.js';

export interface ConversationOptions extends Pick<CallLimits, 'silenceMs' | 'farewellMs' | 'farewellTailMs'> {
  readonly capabilities: FlavorCapabilities;
  readonly formats: SessionFormats;
}

/** What a conversation asks of its call. */
export interface ConversationHandlers {
  onAgentLeaving(): void;
  onFarewellOver(): void;
  onSilenceLimit(): void;
}

/** What a conversation writes down. */
export interface ConversationNotes {
  readonly ledger: TurnLedger;
  readonly dialogue: Dialogue;
  onCallerSpeaking(speaking: boolean): void;
  onAgentSpeaking(speaking: boolean, interrupted: boolean): void;
  onTurn(v2vMs: number): void;
  onBargeIn(resumed: boolean): void;
  onDigit(digit: string): void;
  onUsage(event: FlavorEvent & { type: 'usage' }): void;
  onTool(name: string, ok: boolean, ms: number): void;
  onWarning(code: string, message: string): void;
}

export interface ConversationParts {
  readonly stream: MediaStream;
  readonly link: SessionLink;
  readonly notes: ConversationNotes;
  readonly tools: ToolRunner;
  readonly signal: AbortSignal;
}

/**
 * The talk itself: stands between the media stream and the flavor session while both are open. Caller frames go in,
 * agent audio comes out; barge-in, heard-truth, tools and digits happen here.
 */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #parts: ConversationParts;
  readonly #handlers: ConversationHandlers;
  readonly #clock: Clock;
  readonly #speech: AgentSpeech;
  readonly #turns: TurnTaking;
  readonly #silence: SilenceWatch;
  /** Responses under the playhead: started and not ended. */
  readonly #speaking = new Set<string>();
  /** The command whose acknowledgement is the moment the agent fell silent. */
  #silencing: CommandSequence | undefined;
  #positionMs = 0;
  #receivedAtMs = 0;
  #farewell: { responseId: string | undefined; mark: CommandSequence | undefined; timer: TimerHandle } | undefined;
  #farewellResponseId: string | undefined;
  #closed = false;

  constructor(options: ConversationOptions, parts: ConversationParts, handlers: ConversationHandlers, clock: Clock) {
    this.#options = options;
    this.#parts = parts;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#speech = new AgentSpeech(bytesPerMs(options.formats.output));
    this.#turns = new TurnTaking(options.capabilities.interruptible);
    this.#silence = new SilenceWatch(options.silenceMs);
    this.#receivedAtMs = clock.now();
  }

  /** Hot path: one frame of the caller, every 20 ms. */
  onFrame(frame: CallerFrame): void {
    if (this.#closed) return;
    this.#positionMs = frame.positionMs;
    this.#receivedAtMs = frame.receivedAtMs;
    this.#parts.link.write(frame);
    if (frame.voiced && this.#turns.turnOpen) this.#parts.notes.ledger.onVoicedFrame(frame.receivedAtMs);
    this.#act(this.#turns.onFrame(frame.voiced));
    const agentSpeaks = this.#speaking.size > 0 && this.#options.capabilities.interruptible;
    if (this.#silence.onFrame(frame.voiced, agentSpeaks)) this.#handlers.onSilenceLimit();
  }

  onStreamEvent(event: StreamEvent): void {
    switch (event.type) {
      case 'ack':
        this.#onAck(event);
        return;
      case 'response-started':
        this.#onResponseStarted(event.responseId, event.atMs);
        return;
      case 'response-voiced': {
        const v2vMs = this.#parts.notes.ledger.onResponseVoiced(event.responseId, event.atMs);
        if (v2vMs !== undefined) this.#parts.notes.onTurn(v2vMs);
        return;
      }
      case 'response-ended':
        this.#onResponseEnded(event);
        return;
      case 'digit':
        this.onDigit(event.digit);
        return;
      case 'voice-started':
        this.#onVoiceStarted(event.positionMs);
        return;
      case 'voice-stopped':
        this.#onVoiceStopped(event.positionMs, event.atMs);
        return;
      case 'starved':
      case 'latched':
      case 'rtp-timeout':
      case 'failed':
      case 'closed':
        return;
      default:
        assertUnreachable(event);
    }
  }

  onFlavorEvent(event: Exclude<FlavorEvent, { type: 'end' }>): void {
    if (this.#closed) return;
    switch (event.type) {
      case 'audio':
        if (!this.#speech.onAudio(event.responseId, event.data.byteLength)) return;
        // A bare echo has no turns: its one endless response would be none.
        if (this.#options.capabilities.interruptible) {
          this.#parts.notes.ledger.onResponseAudio(event.responseId, this.#clock.now());
        }
        this.#parts.stream.play(event.responseId, event.data);
        return;
      case 'audio-done':
        this.#onAudioDone(event.responseId);
        return;
      case 'text':
        this.#speech.onText(event.responseId, event.text, event.atMs);
        return;
      case 'transcript':
        this.#parts.notes.dialogue.onTranscript(event, this.#clock.now());
        return;
      case 'tool-call':
        void this.#runTool(event);
        return;
      case 'turn':
        this.#parts.notes.ledger.onTiming(event.timing);
        return;
      case 'usage':
        this.#parts.notes.onUsage(event);
        return;
      case 'warning':
        this.#parts.notes.onWarning(event.error.code, event.error.message);
        return;
      case 'speech-started':
      case 'speech-stopped':
        // The host's own detector decides about turns and interruptions; a flavor's opinion does not move playout yet.
        return;
      default:
        assertUnreachable(event);
    }
  }

  /** A digit, from RFC 4733 or INFO. It interrupts the agent at once: nobody presses a key by accident of breathing. */
  onDigit(digit: string): void {
    if (this.#closed) return;
    this.#silence.onSign();
    this.#parts.notes.onDigit(digit);
    if (this.#speaking.size > 0 && this.#options.capabilities.interruptible) {
      const wasPending = this.#turns.pending;
      this.#turns.onInterruptedOtherwise();
      if (!wasPending) this.#parts.notes.ledger.onSilenceCommanded(this.#clock.now(), this.#clock.now());
      this.#interrupt('dtmf');
    }
    this.#parts.link.onDtmf(digit);
  }

  /** Lets what the agent has to say be played, then calls `onFarewellOver`. */
  awaitFarewell(): void {
    if (this.#farewell || this.#closed) return;
    const responseId = this.#farewellResponseId;
    const timer = this.#clock.setTimeout(() => this.#endFarewell(), this.#options.farewellMs);
    const named = responseId !== undefined && this.#speech.isOpen(responseId);
    this.#farewell = { responseId: named ? responseId : undefined, mark: undefined, timer };
    if (!named) this.#farewell.mark = this.#parts.stream.mark();
  }

  /** The call is over. Reports about responses still come in until the stream has closed. */
  close(): void {
    this.#closed = true;
    if (this.#farewell) this.#clock.clearTimeout(this.#farewell.timer);
  }

  /** After the stream's `closed`: what was announced and never played is settled. */
  settle(): void {
    for (const report of this.#speech.closeUnplayed()) this.#report(report);
  }

  #onAck(event: StreamEvent & { type: 'ack' }): void {
    if (event.sequence === this.#silencing) {
      this.#silencing = undefined;
      this.#parts.notes.ledger.onSilent(event.atMs);
    }
    if (this.#farewell !== undefined && event.sequence === this.#farewell.mark) this.#farewellPlayed();
  }

  #onResponseStarted(responseId: string, atMs: number): void {
    if (this.#speaking.size === 0) {
      this.#turns.onAgentStarted();
      this.#parts.notes.onAgentSpeaking(true, false);
    }
    this.#speaking.add(responseId);
    this.#parts.notes.ledger.onResponseStarted(responseId, atMs);
    const report = this.#speech.onStarted(responseId);
    if (report) this.#parts.link.onPlayout(report);
  }

  #onResponseEnded(event: StreamEvent & { type: 'response-ended' }): void {
    const text = this.#speech.textOf(event.responseId);
    const report = this.#speech.onEnded(event.responseId, event.state, event.heardMs);
    const interrupted = event.state === 'interrupted';
    if (report) {
      this.#parts.notes.ledger.onResponseEnded(
        event.responseId,
        event.atMs,
        event.heardMs,
        interrupted,
        report.heardText,
      );
      this.#report(report, text);
    }
    if (this.#speaking.delete(event.responseId) && this.#speaking.size === 0) {
      this.#turns.onAgentStopped();
      this.#parts.notes.onAgentSpeaking(false, interrupted);
    }
    if (this.#farewell !== undefined && this.#farewell.responseId === event.responseId) this.#farewellPlayed();
  }

  #onAudioDone(responseId: string): void {
    const text = this.#speech.textOf(responseId);
    const done = this.#speech.onDone(responseId);
    if (done.play) this.#parts.stream.endResponse(responseId);
    else if (done.report) this.#report(done.report, text);
  }

  #onVoiceStarted(onsetPositionMs: number): void {
    if (this.#closed) return;
    this.#parts.notes.onCallerSpeaking(true);
    const onsetMsAgo = Math.max(0, this.#positionMs + 20 - onsetPositionMs);
    const decision = this.#turns.onVoiceStarted(onsetMsAgo, onsetMsAgo);
    if (this.#options.capabilities.needsVad) this.#parts.link.onVoice('started', onsetPositionMs);
    if (decision === 'pause') {
      this.#parts.notes.ledger.onSilenceCommanded(this.#receivedAtMs - onsetMsAgo, this.#clock.now());
      this.#silencing = this.#parts.stream.pause();
      return;
    }
    this.#parts.notes.ledger.onVoicedFrame(this.#receivedAtMs);
    this.#verdict('accepted');
  }

  #onVoiceStopped(positionMs: number, atMs: number): void {
    if (this.#closed) return;
    this.#parts.notes.onCallerSpeaking(false);
    const decision = this.#turns.onVoiceStopped();
    if (this.#options.capabilities.needsVad) this.#parts.link.onVoice('stopped', positionMs);
    if (decision === 'end-turn') this.#parts.notes.ledger.onEndOfTurn(atMs);
    this.#act(decision);
  }

  #act(decision: TurnDecision): void {
    switch (decision) {
      case undefined:
      case 'pause':
        return;
      case 'interrupt':
        this.#parts.notes.ledger.onSilenceCommanded(this.#receivedAtMs, this.#clock.now());
        this.#parts.notes.ledger.onVoicedFrame(this.#receivedAtMs);
        this.#verdict('accepted');
        this.#interrupt('speech');
        return;
      case 'resume':
        this.#parts.stream.resume();
        this.#parts.notes.ledger.onVerdict(true);
        this.#verdict('rejected');
        this.#parts.notes.onBargeIn(true);
        return;
      case 'end-turn':
        if (this.#options.capabilities.turnTaking === 'host') this.#parts.link.endTurn();
        return;
      default:
        assertUnreachable(decision);
    }
  }

  #interrupt(cause: InterruptCause): void {
    const flush = this.#parts.stream.flush();
    // Already paused: the pause's acknowledgement is the moment of silence, not the flush's.
    this.#silencing ??= flush;
    this.#parts.notes.ledger.onVerdict(false);
    this.#parts.link.interrupt(cause);
    for (const report of this.#speech.closeUnplayed()) this.#report(report);
    this.#parts.notes.onBargeIn(false);
  }

  #verdict(verdict: 'accepted' | 'rejected'): void {
    if (this.#options.capabilities.needsVad) this.#parts.link.onOnset(verdict, this.#positionMs);
  }

  #report(report: PlayoutReport, text = ''): void {
    this.#parts.notes.dialogue.onPlayout(report, text, this.#clock.now());
    this.#parts.link.onPlayout(report);
  }

  async #runTool(event: FlavorEvent & { type: 'tool-call' }): Promise<void> {
    const startedMs = this.#clock.now();
    const call = { id: event.id, name: event.name, arguments: event.arguments, responseId: event.responseId };
    const context = { hangUp: (responseId: string | undefined) => this.#leave(responseId) };
    const result = await this.#parts.tools.run(call, context, this.#parts.signal);
    const ok = result.error === undefined;
    this.#parts.notes.onTool(event.name, ok, this.#clock.now() - startedMs);
    this.#parts.notes.dialogue.onTool(
      {
        role: 'tool',
        id: event.id,
        name: event.name,
        arguments: event.arguments,
        output: result.output,
        ...(result.error !== undefined && { error: result.error }),
      },
      this.#clock.now(),
    );
    if (!this.#closed) this.#parts.link.onToolResult(result);
  }

  #leave(responseId: string | undefined): void {
    this.#farewellResponseId = responseId;
    this.#handlers.onAgentLeaving();
  }

  #farewellPlayed(): void {
    if (!this.#farewell) return;
    this.#clock.clearTimeout(this.#farewell.timer);
    this.#farewell.mark = undefined;
    this.#farewell.responseId = undefined;
    this.#farewell.timer = this.#clock.setTimeout(() => this.#endFarewell(), this.#options.farewellTailMs);
  }

  #endFarewell(): void {
    if (!this.#closed) this.#handlers.onFarewellOver();
  }
}
