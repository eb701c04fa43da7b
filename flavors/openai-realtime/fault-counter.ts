import type { Clock } from 'sip-voice-connector/cascade';

/** Faults that a session lives through, and how long it takes for one to be forgotten, ms. */
const MAX_FAULTS = 20;
const FORGET_MS = 3_000;

/** Tells a service that errs now and then from one that speaks another language: a bucket that leaks. */
export class FaultCounter {
  readonly #clock: Clock;
  #level = 0;
  #atMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.now();
  }

  /** Counts a fault. True: it is one too many. */
  count(): boolean {
    const nowMs = this.#clock.now();
    this.#level = Math.max(0, this.#level - (nowMs - this.#atMs) / FORGET_MS) + 1;
    this.#atMs = nowMs;
    return this.#level > MAX_FAULTS;
  }
}
