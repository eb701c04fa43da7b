import type { Clock } from '../../../src/base/clock.js';

/** So many requests in a window that moves on. */
export class RateLimit {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #clock: Clock;
  #at: number[] = [];
  /** The most there were in any window. */
  most = 0;

  constructor(limit: number, windowMs: number, clock: Clock) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#clock = clock;
  }

  /** Whether one more is let in. */
  admits(): boolean {
    const nowMs = this.#clock.now();
    this.#at = this.#at.filter((atMs) => nowMs - atMs < this.#windowMs);
    if (this.#at.length >= this.#limit) return false;
    this.#at.push(nowMs);
    this.most = Math.max(this.most, this.#at.length);
    return true;
  }
}
