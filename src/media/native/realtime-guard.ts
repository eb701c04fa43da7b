/** Later than this, ms, a thread gives up its real-time priority until it is on time again. */
const STEP_DOWN_MS = 150;
/** Not later than this, ms, it is. */
const ON_TIME_MS = 2;
/** How long it is watched before it is judged by how much it rests, ms. */
const WINDOW_MS = 250;
/** It gives it up too where it rested less than this part of that time, and gets it back where it rested so much. */
const BUSY_SHARE = 0.05;
const RESTED_SHARE = 0.2;

/**
 * Says when a thread at real-time priority has to be one among others. On a core that it shares such a thread keeps everything else
 * from running, the compiler that would make its code fast as well: one that is slow stays slow, whether it falls behind or just keeps up.
 */
export class RealtimeGuard {
  #reason: 'late' | 'busy' | undefined;
  #sinceMs = Number.NaN;
  #restedMs = 0;

  /**
   * The thread has woken.
   *
   * @param lateMs how much later than it wanted. @param restedMs how long it slept
   * @returns what to do with the priority; `undefined`: nothing
   */
  heed(nowMs: number, lateMs: number, restedMs: number): 'give-up' | 'take' | undefined {
    const share = this.#shareOf(nowMs, restedMs);
    const before = this.#reason;
    if (before === undefined) {
      if (lateMs >= STEP_DOWN_MS) this.#reason = 'late';
      else if (share !== undefined && share < BUSY_SHARE) this.#reason = 'busy';
    } else if (lateMs <= ON_TIME_MS && (before === 'late' || (share ?? 0) >= RESTED_SHARE)) this.#reason = undefined;
    if (before === this.#reason) return undefined;
    this.#sinceMs = Number.NaN;
    return this.#reason === undefined ? 'take' : 'give-up';
  }

  /** Of a window that ends now. One that is far longer had a time without work in it, or nobody to judge by. */
  #shareOf(nowMs: number, restedMs: number): number | undefined {
    const passedMs = nowMs - this.#sinceMs;
    if (passedMs < WINDOW_MS) {
      this.#restedMs += restedMs;
      return undefined;
    }
    const rested = this.#restedMs + restedMs;
    this.#sinceMs = nowMs;
    this.#restedMs = 0;
    return passedMs < 2 * WINDOW_MS ? rested / passedMs : undefined;
  }
}
