import type { Clock } from '../../base/clock.js';
import type { ConversationItem, FlavorEvent } from '../../flavor-api/index.js';
import { createAudioConverter } from '../../media/codecs/audio-converter.js';
import type { MediaStream, StreamEvent } from '../../media/engine.js';
import type { ConversationNotes } from '../conversation-notes.js';
import type { CurrentSession } from '../session/current-session.js';
import type { AgentSpeech, SpokenResponse } from './agent-speech.js';
import type { Announcement } from './announcement.js';
import type { SpeechWaits } from './speech-waits.js';

export interface AgentResponsesOptions {
  /** Whether the greeting may be interrupted. */
  readonly greetingInterruptible: boolean;
  /** Whether the first response of the call is the greeting; absent: it is, unless the caller speaks first. */
  readonly greets: boolean | undefined;
}

/** How speech of the host's own is played. */
export interface HostSpeechOptions {
  /** In the order of what is to be heard; `last` if absent. */
  readonly place: 'now' | 'last';
  /** True if absent. */
  readonly interruptible: boolean;
}

/** An answer that takes at least so long was no mere beginning of one, ms. */
const ANSWER_MS = 2_000;

/** A response that was asked for begins within this time, ms; what begins later is another. */
const ASKED_FOR_MS = 5000;

export interface AgentResponsesParts {
  readonly stream: MediaStream;
  readonly session: CurrentSession;
  readonly notes: Pick<ConversationNotes, 'ledger' | 'dialogue' | 'onTurn'>;
  readonly speech: AgentSpeech;
  readonly waits: Pick<SpeechWaits, 'onAnnounced' | 'onReport'>;
  readonly clock: Clock;
}

/**
 * The agent's responses on their way from the session to the phone and back as reports: one terminal report each, in
 * the order of announcement, to the session that spoke it.
 */
export class AgentResponses {
  readonly #options: AgentResponsesOptions;
  readonly #parts: AgentResponsesParts;
  /** The next response to be announced may be the greeting. */
  #greetingDue: boolean;
  /** Until then, the next response to be announced is one that the host has asked for as not to be interrupted. */
  #protectNextUntilMs = Number.NEGATIVE_INFINITY;
  /** Announced, and not to be interrupted. */
  #protected: Set<string> | undefined;
  /** The response whose audio came last: the ledger wants the first of each. */
  #heardOf: string | undefined;
  /** Under the playhead: started and not ended. */
  readonly #speaking = new Set<string>();

  constructor(options: AgentResponsesOptions, parts: AgentResponsesParts) {
    this.#options = options;
    this.#parts = parts;
    this.#greetingDue = options.greets !== false;
  }

  /** Agent audio leaves the socket, or is paused in the middle. */
  get speaking(): boolean {
    return this.#speaking.size > 0;
  }

  /** Something is being said, or will be: of it not all was heard yet. */
  get underWay(): boolean {
    return this.#parts.speech.underWay;
  }

  /** What is under the playhead may be interrupted. */
  get interruptible(): boolean {
    for (const responseId of this.#speaking) if (this.#protected?.has(responseId)) return false;
    return true;
  }

  /** The host has asked for speech that is not to be interrupted: the next response is taken for it. */
  protectNext(): void {
    this.#protectNextUntilMs = this.#parts.clock.now() + ASKED_FOR_MS;
  }

  /** The caller has said something: a first response from now on answers it, unless a greeting is known to come. */
  onCallerTurn(): void {
    if (this.#options.greets !== true) this.#greetingDue = false;
  }

  /** False: it was dropped, its response is over. Hot path. */
  onAudio({ responseId, data, interruptible }: FlavorEvent & { type: 'audio' }): boolean {
    const { speech, session, notes, stream, clock } = this.#parts;
    this.#announce(responseId);
    if (!speech.onAudio(responseId, data)) return false;
    if (interruptible === false) this.#protect(responseId);
    if (responseId !== this.#heardOf) {
      this.#heardOf = responseId;
      // A bare echo has no turns: its one endless response would be none.
      if (session.capabilities.interruptible) notes.ledger.onResponseAudio(responseId, clock.now());
    }
    stream.play(responseId, data);
    return true;
  }

  /** Speech of the host's own. */
  onHostSpeech(responseId: string, announcement: Announcement, options: Partial<HostSpeechOptions>): void {
    const { speech, stream, session } = this.#parts;
    const { text, samples, sampleRate } = announcement;
    const converter = createAudioConverter({ encoding: 'pcm16', sampleRate }, session.formats.output);
    const data = converter.convert(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
    if (options.interruptible === false) this.#protect(responseId);
    speech.onHostSpeech(responseId, text, data);
    if (options.place === 'now') {
      stream.interject(responseId, data);
      return;
    }
    stream.play(responseId, data);
    stream.endResponse(responseId);
  }

  onText(responseId: string, text: string, atMs: number | undefined): void {
    this.#announce(responseId);
    this.#parts.speech.onText(responseId, text, atMs);
  }

  /** The session has said all of it. True: it was still to be heard, in part at least. */
  onDone(responseId: string): boolean {
    const { speech, stream } = this.#parts;
    if (speech.onDone(responseId)) {
      stream.endResponse(responseId);
      return true;
    }
    this.#report(speech.takeUnheard());
    return false;
  }

  /** What the host, or a session before this one, says just now, as items of the dialogue. */
  saidByOthers(): readonly ConversationItem[] {
    return this.#parts.speech.saidByOthers();
  }

  /** Its first packet left. True: the agent was silent until now. */
  onStarted(responseId: string, atMs: number): boolean {
    const { notes, speech, session } = this.#parts;
    const first = this.#speaking.size === 0;
    this.#speaking.add(responseId);
    notes.ledger.onResponseStarted(responseId, atMs);
    const report = speech.onStarted(responseId);
    if (report) session.link.onPlayout(report);
    return first;
  }

  /** A whole answer of the session was heard. To be asked before {@link onEnded}. */
  isAnswer({ responseId, sentMs, state }: StreamEvent & { type: 'response-ended' }): boolean {
    return state === 'finished' && sentMs >= ANSWER_MS && this.#parts.speech.isCurrent(responseId);
  }

  /** The media plane's last word on it. True: the agent has fallen silent with it. */
  onEnded(event: StreamEvent & { type: 'response-ended' }): boolean {
    const { notes, speech } = this.#parts;
    const { responseId, state, heardMs } = event;
    const over = speech.onEnded(responseId, state, heardMs);
    if (over) {
      notes.ledger.onResponseEnded(event, over.report.heardText);
      this.#report([over, ...speech.takeUnheard()]);
    }
    return this.#speaking.delete(responseId) && this.#speaking.size === 0;
  }

  onVoiced(responseId: string, atMs: number): void {
    const turn = this.#parts.notes.ledger.onResponseVoiced(responseId, atMs);
    if (turn) this.#parts.notes.onTurn(turn);
  }

  /** A flush was commanded: what was announced and never queued is not played either. */
  dropUnplayed(): void {
    this.#protectNextUntilMs = Number.NEGATIVE_INFINITY;
    this.#parts.speech.dropUnplayed();
    this.#report(this.#parts.speech.takeUnheard());
  }

  /**
   * The session has been replaced. What its forerunner said is played to its end, as far as it came; nobody hears
   * reports of it but the dialogue. True: it was in the middle of something.
   */
  onReplaced(): boolean {
    const { speech, session, stream } = this.#parts;
    this.#protectNextUntilMs = Number.NEGATIVE_INFINITY;
    const unfinished = speech.beginSession(session.formats.output);
    for (const responseId of unfinished) stream.endResponse(responseId);
    this.#report(speech.takeUnheard());
    return unfinished.length > 0;
  }

  /** After the stream's `closed`: what was announced and never played is settled. */
  settle(): void {
    this.#report(this.#parts.speech.closeAll());
  }

  #protect(responseId: string): void {
    this.#protected ??= new Set();
    this.#protected.add(responseId);
  }

  /** Whoever waits for the next response is told its name before anything else happens to it. */
  #announce(responseId: string): void {
    const { speech, waits, clock } = this.#parts;
    if (speech.isOpen(responseId) || speech.isOver(responseId)) return;
    const isGreeting = this.#greetingDue && !this.#options.greetingInterruptible;
    if (isGreeting || clock.now() <= this.#protectNextUntilMs) this.#protect(responseId);
    this.#greetingDue = false;
    this.#protectNextUntilMs = Number.NEGATIVE_INFINITY;
    waits.onAnnounced(responseId);
  }

  #report(responses: readonly SpokenResponse[]): void {
    const { notes, session, waits, clock } = this.#parts;
    for (const { report, text, current } of responses) {
      notes.dialogue.onPlayout(report, text, clock.now());
      if (current) session.link.onPlayout(report);
      this.#protected?.delete(report.responseId);
      waits.onReport(report.responseId);
    }
  }
}
