import { assertUnreachable } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import { bytesPerMs, type FlavorCapabilities, type FlavorEvent, type InterruptCause } from '../flavor-api/index.js';
import type { CallerFrame, CommandSequence, MediaStream, StreamEvent } from '../media/engine.js';
import type { BargeInRecord } from '../ops/call-record.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import { AgentSpeech, type SpokenResponse } from './agent-speech.js';
import type { CallLimits } from './call-limits.js';
import type { ConversationNotes } from './conversation-notes.js';
import { Farewell, type FarewellOptions } from './farewell.js';
import type { SessionFormats } from './session-formats.js';
import type { SessionEvent, SessionLink } from './session-link.js';
import { SilenceWatch } from './silence-watch.js';
import { type TurnDecision, TurnTaking } from './turn-taking.js';

export interface ConversationOptions extends Pick<CallLimits, 'silenceMs'>, FarewellOptions {
  readonly capabilities: FlavorCapabilities;
  readonly formats: SessionFormats;
}

/** What a conversation asks of its call. */
export interface ConversationHandlers {
  onAgentLeaving(): void;
  onFarewellOver(): void;
  onSilenceLimit(): void;
}

export interface ConversationParts {
  readonly stream: MediaStream;
  readonly link: SessionLink;
  readonly notes: ConversationNotes;
  readonly tools: ToolRunner;
  readonly signal: AbortSignal;
}

const FRAME_MS = 20;

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
  /** Of the latest frame; `#onsetPositionMs`: of the latest onset. Hold does not count. */
  #positionMs = 0;
  #onsetPositionMs = 0;
  #receivedAtMs = 0;
  #held = false;
  /** How long the caller has held the call so far: the session's clock is that much behind the stream's. */
  #heldMs = 0;
  readonly #farewell: Farewell;
  /** The speech that goes with the latest wish to hang up. */
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
    this.#farewell = new Farewell(options, {
      clock,
      stream: parts.stream,
      speech: this.#speech,
      onOver: () => handlers.onFarewellOver(),
    });
    this.#receivedAtMs = clock.now();
  }

  /** The caller has said that the answer arrived: silence counts from now on. */
  onAnswered(): void {
    this.#silence.onSign();
  }

  /**
   * The caller holds the call, or takes it up again. What comes meanwhile is music or silence and is kept from the
   * session, whose clock rests; what the caller was saying is over.
   */
  onHeld(held: boolean): void {
    if (held) this.#onVoiceStopped(this.#positionMs + FRAME_MS, this.#clock.now());
    this.#held = held;
    this.#silence.onSign();
  }

  /** Hot path: one frame of the caller, every 20 ms. */
  onFrame(frame: CallerFrame): void {
    if (this.#closed) return;
    if (this.#held) {
      this.#heldMs += FRAME_MS;
      return;
    }
    frame.positionMs -= this.#heldMs;
    this.#positionMs = frame.positionMs;
    this.#receivedAtMs = frame.receivedAtMs;
    this.#parts.link.write(frame);
    if (frame.voiced && this.#turns.turnOpen) this.#parts.notes.ledger.onVoicedFrame(frame.receivedAtMs);
    this.#act(this.#turns.onFrame(frame.voiced));
    // A response that has run dry and never ends is no speech.
    const { capabilities } = this.#options;
    const agentSpeaks = capabilities.interruptible && this.#speaking.size > 0 && this.#parts.stream.queuedMs() > 0;
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
        const turn = this.#parts.notes.ledger.onResponseVoiced(event.responseId, event.atMs);
        if (turn) this.#parts.notes.onTurn(turn);
        return;
      }
      case 'response-ended':
        this.#onResponseEnded(event);
        return;
      case 'digit':
        this.onDigit(event.digit);
        return;
      case 'voice-started':
        if (!this.#held) this.#onVoiceStarted(event.positionMs - this.#heldMs);
        return;
      case 'voice-stopped':
        this.#onVoiceStopped(event.positionMs - this.#heldMs, event.atMs);
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

  onFlavorEvent(event: SessionEvent): void {
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
      if (this.#turns.onInterruptedOtherwise()) this.#verdict('rejected');
      else this.#parts.notes.ledger.onSilenceCommanded(this.#clock.now(), this.#clock.now());
      this.#interrupt('dtmf');
    }
    this.#parts.link.onDtmf(digit);
  }

  /** Lets what the agent has to say be played, then calls `onFarewellOver`. */
  awaitFarewell(): void {
    if (!this.#closed) this.#farewell.begin(this.#farewellResponseId);
  }

  /** The call is over. Reports about responses still come in until the stream has closed. */
  close(): void {
    this.#closed = true;
    this.#farewell.close();
  }

  /** After the stream's `closed`: what was announced and never played is settled. */
  settle(): void {
    this.#report(this.#speech.closeAll());
  }

  #onAck(event: StreamEvent & { type: 'ack' }): void {
    if (event.sequence === this.#silencing) {
      this.#silencing = undefined;
      this.#tell(this.#parts.notes.ledger.onSilent(event.atMs));
    }
    this.#farewell.onAck(event.sequence);
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
    const { responseId, state, heardMs } = event;
    const over = this.#speech.onEnded(responseId, state, heardMs);
    if (over) {
      this.#parts.notes.ledger.onResponseEnded(event, over.report.heardText);
      this.#report([over, ...this.#speech.takeUnheard()]);
    }
    if (!this.#speaking.delete(responseId) || this.#speaking.size > 0) return;
    if (this.#turns.onAgentStopped() && !this.#closed) this.#onNothingToInterrupt();
    this.#parts.notes.onAgentSpeaking(false, state === 'interrupted');
  }

  /** The agent had finished when the caller's onset was still undecided. What it says next must not stay paused. */
  #onNothingToInterrupt(): void {
    this.#parts.stream.resume();
    this.#parts.notes.ledger.onVoicedFrame(this.#receivedAtMs);
    this.#verdict('accepted');
    this.#tell(this.#parts.notes.ledger.onVerdict(true));
  }

  #onAudioDone(responseId: string): void {
    if (this.#speech.onDone(responseId)) this.#parts.stream.endResponse(responseId);
    else this.#report(this.#speech.takeUnheard());
  }

  #onVoiceStarted(positionMs: number): void {
    if (this.#closed) return;
    this.#parts.notes.onCallerSpeaking(true);
    this.#onsetPositionMs = Math.max(0, positionMs);
    const onsetMsAgo = Math.max(0, this.#positionMs + FRAME_MS - this.#onsetPositionMs);
    const decision = this.#turns.onVoiceStarted(onsetMsAgo, onsetMsAgo);
    this.#voice('started', this.#onsetPositionMs);
    if (decision === 'pause') {
      this.#parts.notes.ledger.onSilenceCommanded(this.#receivedAtMs - onsetMsAgo, this.#clock.now());
      this.#silencing = this.#parts.stream.pause();
      return;
    }
    this.#parts.notes.ledger.onVoicedFrame(this.#receivedAtMs);
    this.#verdict('accepted');
  }

  #onVoiceStopped(positionMs: number, atMs: number): void {
    if (this.#closed || !this.#turns.callerSpeaking) return;
    this.#parts.notes.onCallerSpeaking(false);
    const decision = this.#turns.onVoiceStopped();
    this.#voice('stopped', positionMs);
    if (decision === 'end-turn') this.#parts.notes.ledger.onEndOfTurn(atMs);
    this.#act(decision);
  }

  #act(decision: TurnDecision): void {
    const { ledger } = this.#parts.notes;
    switch (decision) {
      case undefined:
      case 'pause':
        return;
      case 'interrupt':
        ledger.onVoicedFrame(this.#receivedAtMs);
        this.#verdict('accepted');
        this.#interrupt('speech');
        return;
      case 'late-turn':
        ledger.onVoicedFrame(this.#receivedAtMs);
        this.#newOnset();
        return;
      case 'late-interrupt':
      case 'talk-over':
        ledger.onSilenceCommanded(this.#receivedAtMs - this.#turns.runAgeMs, this.#clock.now());
        ledger.onVoicedFrame(this.#receivedAtMs);
        if (decision === 'late-interrupt') this.#newOnset();
        this.#interrupt('speech');
        return;
      case 'resume':
        this.#parts.stream.resume();
        this.#verdict('rejected');
        this.#tell(ledger.onVerdict(true));
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
    this.#parts.link.interrupt(cause);
    this.#speech.dropUnplayed();
    this.#report(this.#speech.takeUnheard());
    this.#tell(this.#parts.notes.ledger.onVerdict(false));
  }

  /** Speech whose onset was rejected goes on: to the session it ends there and begins anew. */
  #newOnset(): void {
    this.#onsetPositionMs = Math.max(0, this.#positionMs + FRAME_MS - this.#turns.runAgeMs);
    this.#voice('stopped', this.#onsetPositionMs);
    this.#voice('started', this.#onsetPositionMs);
    this.#verdict('accepted');
  }

  #voice(type: 'started' | 'stopped', positionMs: number): void {
    if (this.#options.capabilities.needsVad) this.#parts.link.onVoice(type, positionMs);
  }

  #verdict(verdict: 'accepted' | 'rejected'): void {
    if (this.#options.capabilities.needsVad) this.#parts.link.onOnset(verdict, this.#onsetPositionMs);
  }

  #report(responses: readonly SpokenResponse[]): void {
    for (const { report, text } of responses) {
      this.#parts.notes.dialogue.onPlayout(report, text, this.#clock.now());
      this.#parts.link.onPlayout(report);
      this.#farewell.onReport(report.responseId);
    }
  }

  #tell(bargeIn: BargeInRecord | undefined): void {
    if (bargeIn) this.#parts.notes.onBargeIn(bargeIn);
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
}
