import type { FlavorError } from '../../../flavor-api/index.js';
import type { SpeakUtterance } from '../shared/speak-utterance.js';
import type { FlushBudget } from './flush-budget.js';
import { splitText } from './split-text.js';

/** Longest text of one `Speak`, characters. */
export const MAX_SPEAK_CHARACTERS = 2_000;
/** So many of the 20 `Flush` a minute are kept for the ends of answers: without one the last words never come. */
const FLUSH_RESERVE = 6;

/** Text between two `Flush`: what comes until its `Flushed` is the sound of it. */
interface Segment {
  readonly utterance: SpeakUtterance;
  readonly firstPiece: number;
  lastPiece: number;
  readonly pieces: string[];
  /** Pieces that the connection was told. */
  sent: number;
  flush: 'no' | 'wanted' | 'sent';
  /** Some of its sound has come. */
  begun: boolean;
  /** Cancelled while others were before it: its sound is for nobody. */
  muted: boolean;
}

/** All that a call wants said and has not heard whole, oldest first. Pure: what is to be sent goes through a function. */
export class SpeakQueue {
  #segments: Segment[] = [];

  get empty(): boolean {
    return this.#segments.length === 0;
  }

  /** Who is speaking, or is next to. */
  get current(): SpeakUtterance | undefined {
    return this.#segments[0]?.utterance;
  }

  /** Something was flushed that has not come whole. */
  get owed(): boolean {
    return this.#segments[0]?.flush === 'sent';
  }

  append(utterance: SpeakUtterance, index: number, piece: string): void {
    const last = this.#segments.at(-1);
    if (last?.utterance === utterance && last.flush === 'no') {
      last.pieces.push(piece);
      last.lastPiece = index;
      return;
    }
    this.#segments.push({
      utterance,
      firstPiece: index,
      lastPiece: index,
      pieces: [piece],
      sent: 0,
      flush: 'no',
      begun: false,
      muted: false,
    });
  }

  /** False when nothing of the utterance is left to be said. */
  finish(utterance: SpeakUtterance): boolean {
    const own = this.#segments.filter((segment) => segment.utterance === utterance);
    // There are several where another's text came in between, or all was to be said again.
    for (const segment of own) if (segment.flush === 'no') segment.flush = 'wanted';
    return own.length > 0;
  }

  /**
   * Sends text, and a `Flush` after each segment: after every piece while there are plenty, so that it is spoken at once
   * and its sound is known to be its own, and in any case at the end of an utterance.
   *
   * @returns Whether a `Flush` has to wait.
   */
  send(send: (message: object) => void, flushes: FlushBudget): boolean {
    for (const segment of this.#segments) {
      for (const piece of segment.pieces.slice(segment.sent)) {
        for (const text of splitText(piece, MAX_SPEAK_CHARACTERS - 1)) {
          // Pieces are joined as they come: the space keeps words apart.
          send({ type: 'Speak', text: `${text} ` });
          segment.utterance.sent(text.length + 1);
        }
      }
      segment.sent = segment.pieces.length;
      if (segment.flush === 'sent') continue;
      if (!flushes.take(segment.flush === 'wanted' ? 0 : FLUSH_RESERVE)) return segment.flush === 'wanted';
      segment.flush = 'sent';
      send({ type: 'Flush' });
    }
    return false;
  }

  audio(bytes: Uint8Array): void {
    const [head] = this.#segments;
    // Nobody waits for it: what is late is dropped.
    if (head === undefined || head.sent === 0) return;
    head.begun = true;
    if (!head.muted) head.utterance.audio(bytes, head.firstPiece);
  }

  flushed(): void {
    const [head] = this.#segments;
    if (head?.flush !== 'sent') return;
    this.#segments.shift();
    if (head.muted) return;
    const { utterance } = head;
    utterance.spoken(head.lastPiece + 1);
    const more = this.#segments.some((segment) => segment.utterance === utterance);
    if (utterance.finished && !more) utterance.complete();
  }

  /** The last `Flush` was refused. */
  unflush(): void {
    const last = this.#segments.findLast(({ flush }) => flush === 'sent');
    if (last !== undefined) last.flush = 'wanted';
  }

  /** What Deepgram has to be told: `clear`, after which all that is left must be said anew, or nothing. */
  cancel(utterance: SpeakUtterance): 'clear' | 'nothing' {
    const told = this.#segments.some((segment) => segment.utterance === utterance && segment.sent > 0);
    const first = this.#segments.find(({ muted }) => !muted);
    if (told && first?.utterance !== utterance) {
      for (const segment of this.#segments) {
        if (segment.utterance !== utterance || segment.sent === 0) continue;
        segment.muted = true;
        if (segment.flush === 'no') segment.flush = 'wanted';
      }
      this.#segments = this.#segments.filter((segment) => segment.utterance !== utterance || segment.muted);
      return 'nothing';
    }
    this.#segments = this.#segments.filter((segment) => segment.utterance !== utterance && !(told && segment.muted));
    if (told) this.resend();
    return told ? 'clear' : 'nothing';
  }

  /** Whatever is left has to be said over a new connection, or after a `Clear`. */
  resend(): void {
    for (const segment of this.#segments) {
      segment.sent = 0;
      if (segment.flush === 'sent') segment.flush = segment.utterance.finished ? 'wanted' : 'no';
    }
  }

  /** The connection is gone. Utterances that were under way end with `error`; the rest waits for the next. */
  lost(error: FlavorError): void {
    const [head] = this.#segments;
    this.#segments = this.#segments.filter(({ muted }) => !muted);
    if (head?.begun === true && !head.muted) {
      this.#segments = this.#segments.filter((segment) => segment.utterance !== head.utterance);
      head.utterance.end(error);
    }
    this.resend();
  }

  /** Empties it; returns those that waited, each once. */
  drain(): readonly SpeakUtterance[] {
    const waiting = new Set(this.#segments.filter(({ muted }) => !muted).map(({ utterance }) => utterance));
    this.#segments = [];
    return [...waiting];
  }
}
