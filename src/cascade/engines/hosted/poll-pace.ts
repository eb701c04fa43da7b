import type { Clock } from '../../../base/clock.js';
import { pause } from '../../../base/pause.js';
import type { Random } from '../../../base/random.js';
import type { JobState } from './job.js';

export interface PollPaceOptions {
  /** Looks a second, of all jobs together: below what the provider allows. */
  readonly looksPerSecond: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** From one look to the next, ms: begins with the first number, grows up to the second. */
const delays: Readonly<Record<JobState, readonly [firstMs: number, lastMs: number]>> = {
  queued: [150, 1_000],
  starting: [250, 1_000],
  working: [100, 400],
  done: [0, 100],
  failed: [0, 0],
};
const GROWTH = 1.4;
/** Each delay is varied by so much, up and down, so that jobs that began together do not stay together. */
const JITTER = 0.2;

/** How often the jobs of a provider are looked at: soon, then less and less, and never more than it allows. */
export class PollPace {
  readonly #options: PollPaceOptions;
  /** When the next look of whichever job may be. */
  #freeAtMs = 0;

  constructor(options: PollPaceOptions) {
    this.#options = options;
  }

  /** The provider said that it was asked too often: nobody asks for so long. */
  hold(ms: number): void {
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#options.clock.now() + ms);
  }

  /**
   * Waits until a job may be looked at again.
   *
   * @param looks How often in a row it was found as it is now.
   * @throws `signal.reason`
   */
  async wait(state: JobState, looks: number, signal: AbortSignal): Promise<void> {
    const { clock, random, looksPerSecond } = this.#options;
    const [firstMs, lastMs] = delays[state];
    const varied = 1 - JITTER + (2 * JITTER * random.integer(1_001)) / 1_000;
    const delayMs = Math.min(lastMs, firstMs * GROWTH ** Math.min(looks, 20)) * varied;
    const atMs = Math.max(clock.now() + delayMs, this.#freeAtMs);
    this.#freeAtMs = Math.max(this.#freeAtMs, clock.now()) + 1_000 / looksPerSecond;
    await pause(atMs - clock.now(), clock, signal);
  }
}
