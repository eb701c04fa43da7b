/** How fast and how deep a {@link TokenBucket} is. */
export interface TokenBucketOptions {
  /** Tokens that come back each second. */
  readonly perSecond: number;
  /** Most tokens held at once; at least 1 is always possible. */
  readonly depth: number;
}

/**
 * A token bucket that owns no timer: time is given with each question, monotonic, ms. It starts full. A clock that runs
 * backwards adds nothing.
 */
export class TokenBucket {
  readonly #perMs: number;
  readonly #depth: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(options: TokenBucketOptions, nowMs: number) {
    this.#perMs = options.perSecond / 1000;
    this.#depth = Math.max(options.depth, 1);
    this.#tokens = this.#depth;
    this.#filledAtMs = nowMs;
  }

  /** Whether a token is there at `nowMs`. Takes none. */
  has(nowMs: number): boolean {
    this.#fill(nowMs);
    // Many small fills must add up to a token although binary fractions do not.
    return this.#tokens >= 1 - 1e-9;
  }

  /** Takes a token when there is one, and says whether. */
  take(nowMs: number): boolean {
    if (!this.has(nowMs)) return false;
    this.#tokens = Math.max(this.#tokens - 1, 0);
    return true;
  }

  /** Time from `nowMs` until a token is there, ms; 0 when one is, `Infinity` when none will come. */
  waitMs(nowMs: number): number {
    if (this.has(nowMs)) return 0;
    return (1 - this.#tokens) / this.#perMs;
  }

  #fill(nowMs: number): void {
    const elapsedMs = nowMs - this.#filledAtMs;
    if (elapsedMs <= 0) return;
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(this.#depth, this.#tokens + elapsedMs * this.#perMs);
  }
}
