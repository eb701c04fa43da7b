/** Lateness that is still taken for jitter of the host's clock, ms. */
const TOLERANCE_MS = 40;

/** A backlog melts away; lateness that has not become less for this long is the new normal, ms. */
const SETTLED_MS = 200;

/**
 * Tells frames that the host could not hand over in time. After a stall of the process they come in a rush, while
 * playout went on with silence: echoed, they would delay everything behind them for the rest of the call.
 */
export class BacklogFilter {
  #bestMs = Number.POSITIVE_INFINITY;
  /** The least lateness since frames have been late, and when it was reached. */
  #leastMs = Number.POSITIVE_INFINITY;
  #leastAtMs = 0;

  /**
   * Whether a frame belongs to a backlog. Hot path.
   *
   * @param positionMs Of the frame.
   * @param nowMs Monotonic time.
   */
  isBacklog(positionMs: number, nowMs: number): boolean {
    const latenessMs = nowMs - positionMs;
    if (latenessMs <= this.#bestMs + TOLERANCE_MS) {
      this.#bestMs = Math.min(this.#bestMs, latenessMs);
      this.#leastMs = Number.POSITIVE_INFINITY;
      return false;
    }
    if (latenessMs < this.#leastMs - 1) {
      this.#leastMs = latenessMs;
      this.#leastAtMs = nowMs;
    }
    if (nowMs - this.#leastAtMs <= SETTLED_MS) return true;
    this.#bestMs = latenessMs;
    this.#leastMs = Number.POSITIVE_INFINITY;
    return false;
  }
}
