import { Alarm, type Clock } from 'sip-voice-connector/cascade';
import type { FlavorEvent } from 'sip-voice-connector/flavor';

/** One turn of the caller, by the item that it is at the service. */
interface Turn {
  readonly itemId: string;
  readonly turnId: string;
  /** So far; of what the service has not finished transcribing. */
  words: string;
  /** All of it. */
  text: string | undefined;
  state: 'open' | 'admitted' | 'dropped';
}

export interface TranscriptsOptions {
  readonly clock: Clock;
  push(event: FlavorEvent): void;
  /** Nothing more is to come of the turn: its words are out, or there will be none. */
  onSettled(itemId: string): void;
}

/** For the transcript of one turn while that of a later one is there already, ms. */
const ORDER_WAIT_MS = 3_000;
/** Turns without transcript that are remembered. */
const KEPT_TURNS = 64;
/** Longest transcript of one turn that is passed on, characters. */
const MAX_TEXT = 20_000;

/**
 * What the caller said, as the service transcribes it: beside the conversation, in its own time, and not always in order.
 * Final texts go out once a turn, in the order in which the turns were taken; those of rejected ones never.
 */
export class Transcripts {
  readonly #options: TranscriptsOptions;
  #turns: Turn[] = [];
  readonly #patience: Alarm;

  constructor(options: TranscriptsOptions) {
    this.#options = options;
    this.#patience = new Alarm(options.clock);
  }

  /** Turns whose words are still to come. */
  get pending(): boolean {
    return this.#turns.length > 0;
  }

  /** A turn that will have a transcript, in the order of the conversation. */
  open(itemId: string, turnId: string): void {
    if (this.#find(itemId)) return;
    this.#turns.push({ itemId, turnId, words: '', text: undefined, state: 'open' });
    if (this.#turns.length > KEPT_TURNS) this.#settle(this.#turns[0]);
  }

  /** Words that may still change. They go out at once: the host judges interruptions by them. */
  onWords(itemId: string, words: string, whole: boolean): void {
    const turn = this.#find(itemId);
    if (!turn || turn.text !== undefined || turn.state === 'dropped') return;
    turn.words = (whole ? words : turn.words + words).slice(0, MAX_TEXT);
    this.#tell(turn);
  }

  onText(itemId: string, text: string): void {
    const turn = this.#find(itemId);
    if (!turn) return;
    const told = turn.words.trim();
    turn.text = text.slice(0, MAX_TEXT).trim();
    turn.words = turn.text;
    // Whether it was a turn may depend on what was said.
    if (turn.state === 'open' && turn.text !== told) this.#tell(turn);
    this.#release();
  }

  /** There will be no transcript. */
  onFailed(itemId: string): void {
    this.#settle(this.#find(itemId));
    this.#release();
  }

  /** The turn counts. */
  admit(itemId: string): void {
    const turn = this.#find(itemId);
    if (turn?.state === 'open') turn.state = 'admitted';
    this.#release();
  }

  /** The turn was none. */
  drop(itemId: string): void {
    const turn = this.#find(itemId);
    if (turn) turn.state = 'dropped';
    this.#release();
  }

  /** The connection that the turns belong to is gone: what it has not transcribed it never will. */
  forget(): void {
    this.#patience.clear();
    this.#turns = [];
  }

  #find(itemId: string): Turn | undefined {
    return this.#turns.find((each) => each.itemId === itemId);
  }

  /** Words that are not final. */
  #tell({ turnId, words }: Turn): void {
    const text = words.trim();
    if (text !== '') this.#options.push({ type: 'transcript', role: 'caller', turnId, text, final: false });
  }

  #release(): void {
    for (let turn = this.#turns[0]; turn; turn = this.#turns[0]) {
      if (turn.state !== 'dropped' && (turn.state === 'open' || turn.text === undefined)) break;
      this.#finish(turn);
    }
    const blocked =
      this.#turns.length > 1 && this.#turns.some((each) => each.state === 'admitted' && each.text !== undefined);
    if (!blocked) this.#patience.clear();
    else if (!this.#patience.pending) this.#patience.set(ORDER_WAIT_MS, () => this.#skip());
  }

  /** Enough waiting: what is there goes out; what comes late goes out late. */
  #skip(): void {
    for (const turn of [...this.#turns]) {
      if (turn.state === 'admitted' && turn.text !== undefined) this.#finish(turn);
    }
  }

  #finish(turn: Turn): void {
    const { turnId, text, state } = turn;
    if (state === 'admitted' && text !== undefined && text !== '') {
      this.#options.push({ type: 'transcript', role: 'caller', turnId, text, final: true });
    }
    this.#settle(turn);
  }

  #settle(turn: Turn | undefined): void {
    if (!turn) return;
    this.#turns = this.#turns.filter((each) => each !== turn);
    this.#options.onSettled(turn.itemId);
  }
}
