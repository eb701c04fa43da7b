import type { Clock } from '../base/clock.js';
import type { ConversationItem } from '../flavor-api/index.js';
import type { MediaStream, StreamEvent } from '../media/engine.js';
import type { AgentSpeech, SpokenResponse } from './agent-speech.js';
import type { ConversationNotes } from './conversation-notes.js';
import type { CurrentSession } from './current-session.js';
import type { SpeechWaits } from './speech-waits.js';

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
  readonly #parts: AgentResponsesParts;
  /** Under the playhead: started and not ended. */
  readonly #speaking = new Set<string>();

  constructor(parts: AgentResponsesParts) {
    this.#parts = parts;
  }

  /** Agent audio leaves the socket, or is paused in the middle. */
  get speaking(): boolean {
    return this.#speaking.size > 0;
  }

  /** False: it was dropped, its response is over. Hot path. */
  onAudio(responseId: string, data: Uint8Array): boolean {
    const { speech, session, notes, stream, clock } = this.#parts;
    this.#announce(responseId);
    if (!speech.onAudio(responseId, data.byteLength)) return false;
    // A bare echo has no turns: its one endless response would be none.
    if (session.capabilities.interruptible) notes.ledger.onResponseAudio(responseId, clock.now());
    stream.play(responseId, data);
    return true;
  }

  /** Speech of the host's own, in the session's output format, whole. `place`: in the order of what is to be heard. */
  onHostSpeech(responseId: string, text: string, data: Uint8Array, place: 'now' | 'last'): void {
    const { speech, stream } = this.#parts;
    speech.onHostSpeech(responseId, text, data.byteLength);
    if (place === 'now') {
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
    this.#parts.speech.dropUnplayed();
    this.#report(this.#parts.speech.takeUnheard());
  }

  /**
   * The session has been replaced. What its forerunner said is played to its end, as far as it came; nobody hears
   * reports of it but the dialogue. True: it was in the middle of something.
   */
  onReplaced(): boolean {
    const { speech, session, stream } = this.#parts;
    const unfinished = speech.beginSession(session.formats.output);
    for (const responseId of unfinished) stream.endResponse(responseId);
    this.#report(speech.takeUnheard());
    return unfinished.length > 0;
  }

  /** After the stream's `closed`: what was announced and never played is settled. */
  settle(): void {
    this.#report(this.#parts.speech.closeAll());
  }

  /** Whoever waits for the next response is told its name before anything else happens to it. */
  #announce(responseId: string): void {
    const { speech, waits } = this.#parts;
    if (!speech.isOpen(responseId) && !speech.isOver(responseId)) waits.onAnnounced(responseId);
  }

  #report(responses: readonly SpokenResponse[]): void {
    const { notes, session, waits, clock } = this.#parts;
    for (const { report, text, current } of responses) {
      notes.dialogue.onPlayout(report, text, clock.now());
      if (current) session.link.onPlayout(report);
      waits.onReport(report.responseId);
    }
  }
}
