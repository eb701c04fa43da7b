import type { Clock } from '../base/clock.js';
import { rememberNewest } from '../base/remember-newest.js';

/** Longest time a target is left alone, ms: a mistake of its own must not take it away for days. */
const MAX_REST_MS = 3_600_000;

/** Targets remembered; the oldest goes first. */
const MAX_RESTING = 256;

/** Targets that answered 503 with Retry-After: they get no INVITE for that time (RFC 3261 section 21.5.4). */
export class RestingTargets {
  readonly #clock: Clock;
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(target: string, seconds: number): void {
    const untilMs = this.#clock.now() + Math.min(seconds * 1000, MAX_REST_MS);
    rememberNewest(this.#untilMs, target, untilMs, MAX_RESTING);
  }

  has(target: string): boolean {
    return (this.#untilMs.get(target) ?? 0) > this.#clock.now();
  }
}
