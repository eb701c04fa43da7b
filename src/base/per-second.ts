/** Counts what comes within a second, where more than so much means that somebody has lost all measure. */
export class PerSecond {
  readonly #most: number;
  #since: number;
  #count = 0;

  /** @param nowMs monotonic, ms */
  constructor(most: number, nowMs: number) {
    this.#most = most;
    this.#since = nowMs;
  }

  /** Adds `count`; false from the first above the measure on, until a second has passed. */
  take(count: number, nowMs: number): boolean {
    if (nowMs - this.#since >= 1_000) {
      this.#since = nowMs;
      this.#count = 0;
    }
    this.#count += count;
    return this.#count <= this.#most;
  }
}
