/** Calls begun within any stretch of a given length: exact, in memory for as many as may begin. */
export class CallWindow {
  readonly #lengthMs: number;
  /** The oldest first, {@link Clock.now}. */
  #begunAtMs: number[] = [];

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  /** Time until one more may begin, ms; 0: now. */
  waitMs(most: number, nowMs: number): number {
    this.#begunAtMs = this.#begunAtMs.filter((atMs) => nowMs - atMs < this.#lengthMs);
    const blocking = this.#begunAtMs[this.#begunAtMs.length - most];
    return blocking === undefined ? 0 : blocking + this.#lengthMs - nowMs;
  }

  add(nowMs: number): void {
    this.#begunAtMs.push(nowMs);
  }
}
