import { assertUnreachable } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import type { FlavorCapabilities } from '../flavor-api/index.js';
import type { CallerFrame, MediaStream, StreamEvent } from '../media/engine.js';
import type { ToolContext } from '../tools/tool.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import { AgentResponses } from './agent-responses.js';
import { AgentSpeech } from './agent-speech.js';
import { BargeIn } from './barge-in.js';
import type { CallLimits } from './call-limits.js';
import type { ConversationNotes } from './conversation-notes.js';
import { CurrentSession } from './current-session.js';
import { Farewell, type FarewellOptions } from './farewell.js';
import type { SessionFormats } from './session-formats.js';
import type { SessionEvent, SessionLink } from './session-link.js';
import { SilenceWatch } from './silence-watch.js';
import { ToolDesk } from './tool-desk.js';

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

/** What tools may ask of a call that cannot do it. */
const absentPhone: Omit<ToolContext, 'hangUp'> = {
  transfer: () => Promise.reject(new Error('This call cannot be transferred.')),
  sendDigits: () => Promise.reject(new Error('This call cannot send digits.')),
  hold: () => Promise.reject(new Error('This call cannot be held.')),
};

/**
 * The talk itself: stands between the media stream and the flavor session while both are open, and hands what comes
 * from either to the part whose business it is.
 */
export class Conversation {
  readonly #clock: Clock;
  readonly #stream: MediaStream;
  readonly #notes: ConversationNotes;
  readonly #handlers: ConversationHandlers;
  readonly #session: CurrentSession;
  readonly #responses: AgentResponses;
  readonly #bargeIn: BargeIn;
  readonly #tools: ToolDesk;
  readonly #silence: SilenceWatch;
  readonly #farewell: Farewell;
  #held = false;
  /** How long the caller has held the call so far: the session's clock is that much behind the stream's. */
  #heldMs = 0;
  /** The speech that goes with the latest wish to hang up. */
  #farewellResponseId: string | undefined;
  #closed = false;

  constructor(options: ConversationOptions, parts: ConversationParts, handlers: ConversationHandlers, clock: Clock) {
    const { stream, link, notes, tools, signal } = parts;
    this.#clock = clock;
    this.#stream = stream;
    this.#notes = notes;
    this.#handlers = handlers;
    const session = new CurrentSession(link, options.capabilities, options.formats);
    const speech = new AgentSpeech(options.formats.output);
    const farewell = new Farewell(options, { clock, stream, speech, onOver: () => handlers.onFarewellOver() });
    const responses = new AgentResponses({ stream, session, notes, speech, farewell, clock });
    const context = { ...absentPhone, hangUp: (responseId: string | undefined) => this.#leave(responseId) };
    this.#session = session;
    this.#farewell = farewell;
    this.#responses = responses;
    this.#bargeIn = new BargeIn({ stream, session, responses, notes, clock });
    const onFiller = (): void => {};
    this.#tools = new ToolDesk({ session, notes, tools, context, clock, signal, onFiller });
    this.#silence = new SilenceWatch(options.silenceMs);
  }

  /**
   * Another session takes over. What the one before it said is played to its end and reported to nobody but the
   * dialogue; its events must not come here any more. Ids of responses never repeat those of an earlier session, and
   * the stream's formats are set before.
   */
  use(link: SessionLink, capabilities: FlavorCapabilities, formats: SessionFormats): void {
    this.#session.replace(link, capabilities, formats);
    this.#responses.onReplaced();
    this.#bargeIn.onReplaced();
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
    if (held && !this.#closed) this.#bargeIn.onCutOff();
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
    this.#session.link.write(frame);
    this.#bargeIn.onFrame(frame);
    // A response that has run dry and never ends is no speech.
    const { interruptible } = this.#session.capabilities;
    const agentSpeaks = interruptible && this.#responses.speaking && this.#stream.queuedMs() > 0;
    if (this.#silence.onFrame(frame.voiced, agentSpeaks)) this.#handlers.onSilenceLimit();
  }

  onStreamEvent(event: StreamEvent): void {
    switch (event.type) {
      case 'ack':
        this.#bargeIn.onAck(event.sequence, event.atMs);
        this.#farewell.onAck(event.sequence);
        return;
      case 'response-started':
        if (!this.#responses.onStarted(event.responseId, event.atMs)) return;
        this.#bargeIn.onAgentStarted();
        this.#notes.onAgentSpeaking(true, false);
        return;
      case 'response-voiced':
        this.#responses.onVoiced(event.responseId, event.atMs);
        return;
      case 'response-ended':
        if (!this.#responses.onEnded(event)) return;
        if (!this.#closed) this.#bargeIn.onAgentStopped();
        this.#notes.onAgentSpeaking(false, event.state === 'interrupted');
        return;
      case 'digit':
        this.onDigit(event.digit);
        return;
      case 'voice-started':
        if (!this.#held && !this.#closed) this.#bargeIn.onVoiceStarted(event.positionMs - this.#heldMs);
        return;
      case 'voice-stopped':
        if (!this.#closed) this.#bargeIn.onVoiceStopped(event.positionMs - this.#heldMs, event.atMs);
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
        this.#responses.onAudio(event.responseId, event.data);
        return;
      case 'audio-done':
        this.#responses.onDone(event.responseId);
        return;
      case 'text':
        this.#responses.onText(event.responseId, event.text, event.atMs);
        return;
      case 'transcript':
        this.#notes.dialogue.onTranscript(event, this.#clock.now());
        return;
      case 'tool-call':
        void this.#tools.run(event);
        return;
      case 'turn':
        this.#notes.ledger.onTiming(event.timing);
        return;
      case 'usage':
        this.#notes.onUsage(event);
        return;
      case 'warning':
        this.#notes.onWarning(event.error.code, event.error.message);
        return;
      case 'speech-started':
      case 'speech-stopped':
        // The host's own detector decides about turns and interruptions; a flavor's opinion does not move playout yet.
        return;
      default:
        assertUnreachable(event);
    }
  }

  /** A digit, from RFC 4733 or INFO. */
  onDigit(digit: string): void {
    if (this.#closed) return;
    this.#silence.onSign();
    this.#notes.onDigit(digit);
    if (this.#responses.speaking && this.#session.capabilities.interruptible) this.#bargeIn.onDigit();
    this.#session.link.onDtmf(digit);
  }

  /** Lets what the agent has to say be played, then calls `onFarewellOver`. */
  awaitFarewell(): void {
    if (!this.#closed) this.#farewell.begin(this.#farewellResponseId);
  }

  /** The call is over. Reports about responses still come in until the stream has closed. */
  close(): void {
    this.#closed = true;
    this.#tools.close();
    this.#farewell.close();
  }

  /** After the stream's `closed`: what was announced and never played is settled. */
  settle(): void {
    this.#responses.settle();
  }

  #leave(responseId: string | undefined): void {
    this.#farewellResponseId = responseId;
    this.#handlers.onAgentLeaving();
  }
}
