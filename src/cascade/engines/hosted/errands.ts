import { AbortScope, type ScopedSignal } from '../../../base/abort-scope.js';
import type { Clock } from '../../../base/clock.js';
import { pause } from '../../../base/pause.js';

/** For what is under way when its owner is disposed of, ms. */
const FAREWELL_MS = 3_000;

/** What must be done although nobody waits for it any more, such as cancelling a job that costs money. */
export class Errands implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #open = new Set<Promise<void>>();
  readonly #life = new AbortScope();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Aborts when the owner has been disposed of, and has waited long enough. One for each who listens. */
  signal(): ScopedSignal {
    return this.#life.open();
  }

  /** Runs something to its end. What it throws is of interest to nobody. */
  run(errand: (signal: AbortSignal) => Promise<unknown>): void {
    const life = this.signal();
    const running = errand(life.signal)
      .then(
        () => {},
        () => {},
      )
      .finally(() => life[Symbol.dispose]());
    this.#open.add(running);
    void running.then(() => this.#open.delete(running));
  }

  /** Waits for what is under way, but not for long. */
  async [Symbol.asyncDispose](): Promise<void> {
    const waiting = new AbortController();
    const patience = pause(FAREWELL_MS, this.#clock, waiting.signal).catch(() => {});
    await Promise.race([Promise.all(this.#open), patience]);
    waiting.abort();
    this.#life.close(new Error('the provider is not needed any more'));
  }
}
