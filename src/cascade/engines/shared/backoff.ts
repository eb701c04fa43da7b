import type { Clock } from '../../../base/clock.js';
import type { Random } from '../../../base/random.js';

/** How a lost connection is replaced. */
export interface ReconnectOptions {
  /** Connections tried in a row before the stage is given up; 0: none. */
  readonly attempts: number;
  /** Before the second attempt; doubles each time, with jitter. The first is made at once. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/** A connection that has lived this long has proved that losses are not a matter of principle, ms. */
const STABLE_MS = 20_000;

/** Counts attempts and says how long to wait before each, so that a crowd of calls does not come back all at once. */
export class Backoff {
  readonly #options: ReconnectOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #stableMs: number;
  #attempts = 0;
  #connectedAtMs: number | undefined;

  /** @param answerTimeoutMs after which connections on which nothing comes are left: such a life proves nothing */
  constructor(options: ReconnectOptions, clock: Clock, random: Random, answerTimeoutMs = 0) {
    this.#stableMs = Math.max(STABLE_MS, 2 * answerTimeoutMs);
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
  }

  /** A connection stands. */
  connected(): void {
    this.#connectedAtMs = this.#clock.now();
  }

  /** What to wait before the next attempt, ms; `undefined` when there is to be none. */
  next(): number | undefined {
    const { attempts, firstDelayMs, maxDelayMs } = this.#options;
    if (this.#connectedAtMs !== undefined && this.#clock.now() - this.#connectedAtMs >= this.#stableMs)
      this.#attempts = 0;
    this.#connectedAtMs = undefined;
    if (this.#attempts >= attempts) return undefined;
    this.#attempts += 1;
    if (this.#attempts === 1) return 0;
    const ceilingMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (this.#attempts - 2));
    return ceilingMs / 2 + this.#random.integer(Math.floor(ceilingMs / 2) + 1);
  }
}
