import type { Clock } from '../../../base/clock.js';

/** Deepgram takes 20 `Flush` in 60 s on one connection, and answers more with a `Warning`. */
const flushLimit = { count: 20, perMs: 60_000 } as const;

/** What the network may do to the distance of two messages, ms. */
const SLACK_MS = 500;

/**
 * Counts `Flush` over the last minute. A token bucket that begins full would let twice as many through in its first
 * minute; the times themselves are few enough to be kept.
 */
export class FlushBudget {
  readonly #clock: Clock;
  /** When the last ones were sent, oldest first. */
  #times: number[] = [];
  #blockedUntilMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes one if more than `reserve` are left. */
  take(reserve = 0): boolean {
    const nowMs = this.#clock.now();
    this.#forget(nowMs);
    if (nowMs < this.#blockedUntilMs || this.#times.length + reserve >= flushLimit.count) return false;
    this.#times.push(nowMs);
    return true;
  }

  /** Until {@link take} succeeds, ms. */
  get waitMs(): number {
    const nowMs = this.#clock.now();
    this.#forget(nowMs);
    const [oldest] = this.#times;
    const full = this.#times.length >= flushLimit.count && oldest !== undefined;
    const freeAtMs = full ? oldest + flushLimit.perMs + SLACK_MS : nowMs;
    return Math.max(freeAtMs, this.#blockedUntilMs) - nowMs;
  }

  /** Deepgram counts otherwise and has refused one: none for as long as one takes on average. */
  refused(): void {
    this.#blockedUntilMs = this.#clock.now() + flushLimit.perMs / flushLimit.count;
  }

  #forget(nowMs: number): void {
    this.#times = this.#times.filter((atMs) => nowMs - atMs < flushLimit.perMs + SLACK_MS);
  }
}
