import { assertUnreachable } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import type { ConversationItem, FlavorCapabilities, SpeakRequest } from '../flavor-api/index.js';
import { type CallerFrame, FRAME_MS, type MediaStream, type StreamEvent } from '../media/engine.js';
import { ToolDesk } from './control/tool-desk.js';
import type { ConversationNotes } from './conversation-notes.js';
import type { ConversationHandlers, ConversationOptions, ConversationParts, Goodbye } from './conversation-options.js';
import { ReplyWatch } from './reply-watch.js';
import { CurrentSession } from './session/current-session.js';
import type { SessionFormats } from './session/session-formats.js';
import type { SessionEvent, SessionLink } from './session/session-link.js';
import { SilenceWatch } from './silence-watch.js';
import { AgentResponses, type HostSpeechOptions } from './speech/agent-responses.js';
import { AgentSpeech } from './speech/agent-speech.js';
import type { Announcement } from './speech/announcement.js';
import type { AskedTurn } from './speech/last-turn.js';
import { SpeechWaits } from './speech/speech-waits.js';
import { BargeIn } from './turns/barge-in.js';
import { TurnDebts } from './turns/turn-debts.js';

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
  readonly #reply: ReplyWatch;
  readonly #debts: TurnDebts;
  readonly #waits: SpeechWaits;
  #announcements = 0;
  #callerTurns = 0;
  #cutOff = false;
  /** Audio of the session has come. */
  #sessionReplied = false;
  #held = false;
  /** How long the caller has held the call so far: the session's clock is that much behind the stream's. */
  #heldMs = 0;
  #closed = false;

  constructor(options: ConversationOptions, parts: ConversationParts, handlers: ConversationHandlers, clock: Clock) {
    const { stream, link, notes, tools, control, signal } = parts;
    this.#clock = clock;
    this.#stream = stream;
    this.#notes = notes;
    this.#handlers = handlers;
    const session = new CurrentSession(link, options.capabilities, options.formats);
    const speech = new AgentSpeech(options.formats.output);
    const waits = new SpeechWaits(options, { clock, stream, speech });
    const { interruption, greets } = options;
    const responses = new AgentResponses(
      { greetingInterruptible: interruption.greeting, greets },
      { stream, session, notes, speech, waits, clock },
    );
    this.#session = session;
    this.#waits = waits;
    this.#responses = responses;
    this.#reply = new ReplyWatch(options.reply, clock, handlers);
    const debts = new TurnDebts({ session, reply: this.#reply, clock });
    this.#debts = debts;
    const onTurn = (): void => this.#onTurn();
    const onTurnOver = (speechMs: number, atMs: number): void => {
      if (!this.#held) debts.onTurnOver(speechMs, atMs);
    };
    this.#bargeIn = new BargeIn(interruption, { stream, session, responses, notes, clock, onTurn, onTurnOver });
    this.#tools = new ToolDesk({ session, notes, tools, context: control, clock, signal, handlers });
    this.#silence = new SilenceWatch(options.silence);
  }

  /** The dialogue so far. What others than the session are saying just now counts as heard. */
  get history(): readonly ConversationItem[] {
    return [...this.#notes.dialogue.history, ...this.#responses.saidByOthers()];
  }

  /** The session before this one broke off in the middle of an answer. */
  get cutOff(): boolean {
    return this.#cutOff;
  }

  /** How often the caller has taken the word. */
  get callerTurns(): number {
    return this.#callerTurns;
  }

  /** A reply of the session is owed to the caller. */
  get replyOwed(): boolean {
    return this.#reply.owed;
  }

  /** A tool runs whose result the session awaits. */
  get toolRuns(): boolean {
    return this.#tools.busy;
  }

  /** The session has a model, which does what it is told. */
  get followsInstructions(): boolean {
    return this.#session.capabilities.instructions !== false;
  }

  /** The caller hears something, or will without anybody's doing. */
  get audible(): boolean {
    // What is too short for a packet waits for more, and is not heard.
    return this.#stream.queuedMs() >= FRAME_MS;
  }

  /**
   * Another session takes over. What the one before it said is played to its end and reported to nobody but the
   * dialogue; its events must not come here any more. Ids of responses never repeat those of an earlier session, and
   * the stream's formats are set before.
   */
  use(link: SessionLink, capabilities: FlavorCapabilities, formats: SessionFormats): void {
    this.#session.replace(link, capabilities, formats);
    this.#sessionReplied = false;
    this.#responses.onReplaced();
    this.#bargeIn.onReplaced();
    this.#tools.onReplaced();
    this.#debts.onLost();
    this.#reply.onTakenOver();
  }

  /** The session is lost: what it has said is played to its end, and the caller is owed what they were owed. */
  onSessionLost(): void {
    if (this.#closed) return;
    this.#cutOff = this.#responses.onReplaced() || this.#cutOff;
    this.#debts.onLost();
    this.#reply.onTakenOver();
    if (this.#cutOff) this.#reply.expect(this.#clock.now());
  }

  /** The greeting was asked for, or something else that is to be heard at once. */
  expectReply(): void {
    if (!this.#closed) this.#reply.expect(this.#clock.now());
  }

  /** Asks the session to say something; what is not to be interrupted is heard to its end. */
  speak(request: SpeakRequest): void {
    if (this.#closed) return;
    if (request.interruptible === false) this.#responses.protectNext();
    this.#session.link.speak(request);
  }

  /** Plays words of the host's own, behind what is queued or at once. Returns their name for {@link afterSpeech}. */
  announce(announcement: Announcement, options: Partial<HostSpeechOptions> = {}): string {
    this.#announcements += 1;
    const responseId = `host/${this.#announcements}`;
    if (!this.#closed) this.#responses.onHostSpeech(responseId, announcement, options);
    return responseId;
  }

  /** Calls `then` once the response was heard, or all that is queued where none is named; see {@link SpeechWaits}. */
  afterSpeech(responseId: string | undefined, then: () => void): void {
    if (!this.#closed) this.#waits.after(responseId, then);
  }

  /** The same for the agent's goodbye, then for work of its that is still done, such as a report, and for a transfer. */
  afterGoodbye(goodbye: Goodbye, then: () => void): void {
    const heard = (): void => this.#tools.afterWork(() => goodbye.afterTransfer(then));
    if (!this.#closed) this.#waits.after(goodbye.goodbyeId, heard, () => goodbye.hangsUp);
  }

  /** The same for the next response the session begins. `otherwise`: it does not begin one soon. */
  afterNextSpeech(then: () => void, otherwise: () => void): void {
    if (!this.#closed) this.#waits.afterNext(then, otherwise);
  }

  /** For an agent that is just asked for its last turn; see {@link SpeechWaits.afterTurn}. */
  afterTurn(turn: AskedTurn): void {
    this.#waits.afterTurn({ busy: () => this.#reply.busy || this.#responses.underWay, ...turn });
  }

  /** The caller has said that the answer arrived: silence counts from now on. */
  onAnswered(): void {
    this.#silence.onAnswered();
  }

  /**
   * The caller holds the call, or takes it up again. What comes meanwhile is music or silence and is kept from the
   * session, whose clock rests; what the caller was saying is over.
   */
  onHeld(held: boolean): void {
    this.#held = held;
    if (held && !this.#closed) {
      this.#bargeIn.onCutOff();
      this.#debts.onHeld();
    }
    this.#onSign();
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
    this.#debts.onFrame(frame, this.#bargeIn.callerSpeaking);
    const decision = this.#silence.onFrame(frame.voiced, this.#agentBusy());
    if (decision === 'reprompt') this.#handlers.onReprompt(this.#silence.asked);
    if (decision === 'limit') this.#handlers.onSilenceLimit();
    this.#awaitFrames();
  }

  onStreamEvent(event: StreamEvent): void {
    this.#takeStreamEvent(event);
    this.#awaitFrames();
  }

  #takeStreamEvent(event: StreamEvent): void {
    switch (event.type) {
      case 'ack':
        this.#bargeIn.onAck(event.sequence, event.atMs);
        this.#waits.onAck(event.sequence);
        return;
      case 'response-started': {
        const first = this.#responses.onStarted(event.responseId, event.atMs);
        this.#bargeIn.onAgentSpeaking(first);
        if (first) this.#onAgentSpeaking(true, false);
        return;
      }
      case 'response-voiced':
        this.#responses.onVoiced(event.responseId, event.atMs);
        return;
      case 'response-ended':
        // Nothing but the caller's interruption cuts a response short while the call is up.
        if (event.state === 'interrupted' && !this.#closed) this.#tools.onInterrupted();
        if (this.#responses.isAnswer(event)) this.#handlers.onAnswerHeard();
        if (!this.#responses.onEnded(event)) return;
        if (!this.#closed) this.#bargeIn.onAgentStopped();
        this.#onAgentSpeaking(false, event.state === 'interrupted');
        return;
      case 'digit':
        this.onDigit(event.digit);
        return;
      case 'voice-started':
        this.#tools.onCallerSpeaking(true);
        if (this.#held || this.#closed) return;
        this.#onSign();
        this.#debts.onSpeech(this.#bargeIn.callerSpeaking);
        this.#bargeIn.onVoiceStarted(event.positionMs - this.#heldMs);
        return;
      case 'voice-stopped':
        this.#tools.onCallerSpeaking(false);
        if (!this.#closed) this.#bargeIn.onVoiceStopped(event.positionMs - this.#heldMs, event.atMs);
        return;
      case 'starved':
        // In the middle of a sentence the caller waits as much as before it.
        if (!this.#closed && this.#session.capabilities.interruptible) this.#reply.expect(event.atMs);
        return;
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
    // Everything else is about what the caller has said up to now.
    if (event.type !== 'audio') this.#stream.takeFrames?.();
    // What was used is known at the end, and was used all the same.
    if (this.#closed && event.type === 'usage') this.#notes.onUsage(event);
    if (this.#closed) return;
    this.#takeFlavorEvent(event);
    // Hot path: audio changes nothing about what the caller's next frames are wanted for.
    if (event.type !== 'audio') this.#awaitFrames();
  }

  #takeFlavorEvent(event: SessionEvent): void {
    switch (event.type) {
      case 'audio':
        if (!this.#responses.onAudio(event)) return;
        this.#cutOff = false;
        this.#debts.settle();
        if (this.#sessionReplied) return;
        this.#sessionReplied = true;
        this.#handlers.onReply();
        return;
      case 'audio-done':
        if (this.#responses.onDone(event.responseId)) this.#debts.settle();
        return;
      case 'text':
        this.#responses.onText(event.responseId, event.text, event.atMs);
        return;
      case 'transcript':
        this.#notes.dialogue.onTranscript(event, this.#clock.now());
        if (event.role !== 'caller') return;
        this.#debts.onWords(event.final);
        if (!this.#held) this.#bargeIn.onTranscript(event);
        return;
      case 'tool-call':
        void this.#runTool(event);
        return;
      case 'tier':
        this.#notes.ledger.onTier(event.responseId, event);
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
        this.#debts.onHearing();
        if (!this.#held) this.#bargeIn.onFlavorHeard(event.positionMs);
        return;
      case 'speech-stopped':
        this.#debts.onHearingEnd();
        this.#bargeIn.onFlavorHeardEnd();
        return;
      default:
        assertUnreachable(event);
    }
  }

  /** A digit, from RFC 4733 or INFO. */
  onDigit(digit: string): void {
    if (this.#closed) return;
    this.#onSign();
    this.#notes.onDigit(digit);
    this.#bargeIn.onDigit();
    this.#session.link.onDtmf(digit);
  }

  /** What tools that were stopped have done; `undefined` when none runs. */
  toolResults(): Promise<unknown> | undefined {
    return this.#tools.results();
  }

  /** The call is over. Reports about responses still come in until the stream has closed. */
  close(): void {
    this.#closed = true;
    this.#tools.close();
    this.#reply.close();
    this.#waits.close();
  }

  /** After the stream's `closed`: what was announced and never played is settled. */
  settle(): void {
    this.#responses.settle();
  }

  #onAgentSpeaking(speaking: boolean, interrupted: boolean): void {
    this.#tools.onAgentSpeaking(speaking);
    this.#notes.onAgentSpeaking(speaking, interrupted);
    this.#handlers.onSpeaking(speaking);
  }

  /** Frames that decide nothing may wait until the session has use for them. Hot path. */
  #awaitFrames(): void {
    // Closed, it has no say: the frames of a bridge are somebody else's.
    if (this.#closed) return;
    this.#stream.awaitFrames?.(this.#bargeIn.deciding ? 1 : this.#session.awaitedFrames);
  }

  /** The caller has the word. */
  #onTurn(): void {
    this.#callerTurns += 1;
    this.#onSign();
    this.#debts.settle();
  }

  async #runTool(event: SessionEvent & { type: 'tool-call' }): Promise<void> {
    const { link } = this.#session;
    this.#debts.onTool();
    this.#waits.onTool();
    this.#reply.onToolStarted();
    const reply = await this.#tools.run(event);
    // A session that has taken over is waited for by the tools of its own.
    if (!this.#closed && this.#session.link === link) this.#reply.onToolEnded(reply);
  }

  /** The caller is there. */
  #onSign(): void {
    const wasGivenUp = this.#silence.reported;
    this.#silence.onSign();
    if (wasGivenUp) this.#handlers.onCallerReturned();
  }

  /** The agent speaks or is expected to: silence of the caller is good manners. */
  #agentBusy(): boolean {
    if (!this.#session.capabilities.interruptible) return false;
    // A response that has run dry and never ends is no speech.
    return this.#reply.busy || (this.#responses.speaking && this.#stream.queuedMs() > 0);
  }
}
