/** Silence is believed after this many times the flavor's own answer time. */
const FACTOR = 2;
/** What an old observation still counts for when a new one comes: one slow moment is soon forgotten. */
const MEMORY = 0.7;
const LONGEST_MS = 1_000;

/**
 * How long to wait for something that must not happen, wall milliseconds. Where time runs faster than it does, a fixed
 * wait would be over before a flavor that works on another thread has said what it should not; so it is measured against
 * the flavor's answers.
 */
export class Patience {
  readonly #leastMs: number;
  readonly #adapts: boolean;
  #answerMs = 0;

  /** `adapts`: false in real time, where waiting on the caller's clock is waiting enough. */
  constructor(leastMs: number, adapts: boolean) {
    this.#leastMs = leastMs;
    this.#adapts = adapts;
  }

  get settleMs(): number {
    if (!this.#adapts) return this.#leastMs;
    return Math.min(Math.max(this.#leastMs, this.#answerMs * FACTOR), LONGEST_MS);
  }

  /** The flavor took this long to be heard. */
  observe(answerMs: number): void {
    this.#answerMs = Math.max(answerMs, this.#answerMs * MEMORY);
  }
}
