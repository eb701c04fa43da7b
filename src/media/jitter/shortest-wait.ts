/** Frames of a window. */
const WINDOW_FRAMES = 10;

/** How long packets have waited at least, of late: delay that even the latest of them did not need. */
export class ShortestWait {
  /** In the current window and in the one before, ms. */
  #currentMs = Number.POSITIVE_INFINITY;
  #beforeMs = 0;
  #frames = 0;

  /** Over the last 10 to 20 frames, ms; 0 while fewer have come. */
  get ms(): number {
    return Math.min(this.#currentMs, this.#beforeMs);
  }

  /** @param waitMs of the packet that came last of a frame, from its arrival to its play; 0 when it had to be invented */
  add(waitMs: number): void {
    if (waitMs < this.#currentMs) this.#currentMs = waitMs;
    this.#frames += 1;
    if (this.#frames < WINDOW_FRAMES) return;
    this.#beforeMs = this.#currentMs;
    this.#currentMs = Number.POSITIVE_INFINITY;
    this.#frames = 0;
  }

  /** The delay was made shorter. */
  shorten(byMs: number): void {
    this.#currentMs -= byMs;
    this.#beforeMs -= byMs;
  }

  reset(): void {
    this.#currentMs = Number.POSITIVE_INFINITY;
    this.#beforeMs = 0;
    this.#frames = 0;
  }
}
