/** Lateness that is still taken for jitter of the host's clock, ms. */
const TOLERANCE_MS = 40;

/** A backlog comes in one rush; lateness that lasts longer than this is the new normal, ms. */
const RUSH_MS = 200;

/**
 * Tells frames that the host could not hand over in time. After a stall of the process they come in a rush, while
 * playout went on with silence: echoed, they would delay everything behind them for the rest of the call.
 */
export class BacklogFilter {
  #bestMs = Number.POSITIVE_INFINITY;
  #lateSinceMs: number | undefined;

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
      this.#lateSinceMs = undefined;
      return false;
    }
    this.#lateSinceMs ??= nowMs;
    if (nowMs - this.#lateSinceMs <= RUSH_MS) return true;
    this.#bestMs = latenessMs;
    this.#lateSinceMs = undefined;
    return false;
  }
}
