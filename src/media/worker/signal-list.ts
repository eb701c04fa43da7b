/** Position of the one who adds, in a cache line of its own. */
const ADDED = 0;
const FIRST = 16;

/**
 * Which streams have news, from one thread to another: so that nobody looks at hundreds of rings to find the one that was
 * written to. A stream stands in it at most once (the flag of its memory sees to that), so it cannot overflow.
 */
export class SignalList {
  readonly #words: Int32Array;
  readonly #mask: number;
  /** Position of the one who takes, and as far as it has seen that of the one who adds. */
  #taken = 0;
  #seen = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#mask = this.#words.length - FIRST - 1;
  }

  /** Memory for streams of the numbers 0 to `streams - 1`. */
  static allocate(streams: number): SharedArrayBuffer {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(streams, 2)));
    return new SharedArrayBuffer(4 * (FIRST + slots));
  }

  /**
   * Says that a stream has news, unless that is known: `flags[flag]` is set until {@link take} clears it. Returns whether
   * it was not.
   */
  add(stream: number, flags: Int32Array, flag: number): boolean {
    if (Atomics.exchange(flags, flag, 1) !== 0) return false;
    const position = this.#words[ADDED] as number;
    this.#words[FIRST + (position & this.#mask)] = stream;
    Atomics.store(this.#words, ADDED, (position + 1) | 0);
    return true;
  }

  /** The next stream with news, or -1. Its flag is for the caller to clear, before it looks at the news. */
  take(): number {
    if (this.#seen === this.#taken) {
      this.#seen = Atomics.load(this.#words, ADDED);
      if (this.#seen === this.#taken) return -1;
    }
    const stream = this.#words[FIRST + (this.#taken & this.#mask)] as number;
    this.#taken = (this.#taken + 1) | 0;
    return stream;
  }
}
