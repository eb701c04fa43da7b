import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { FlavorError } from '../../../flavor-api/index.js';

/** Nobody looks at it: a reason with a stack would be made for each. */
const OVER = 'the wait is over';

/** Waiting for somebody who may never answer: broken off by the caller's signal, by a timer, or when it is closed. */
export class WatchedWait {
  readonly #clock: Clock;
  readonly #parent: AbortSignal;
  readonly #controller = new AbortController();
  readonly #broken: Promise<never>;
  readonly #onAbort = (): void => this.#controller.abort(this.#parent.reason);
  #timer: TimerHandle | undefined;
  #failure: FlavorError | undefined;

  constructor(clock: Clock, parent: AbortSignal) {
    this.#clock = clock;
    this.#parent = parent;
    parent.addEventListener('abort', this.#onAbort, { once: true });
    const { signal } = this.#controller;
    this.#broken = new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    this.#broken.catch(() => {});
  }

  /** For what is done meanwhile. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What the timer broke it off with. */
  get failure(): FlavorError | undefined {
    return this.#failure;
  }

  /** The next sign of life must come within this time, ms, in place of what was expected before. */
  expect(withinMs: number, failureOf: () => FlavorError): void {
    this.rest();
    this.#timer = this.#clock.setTimeout(() => {
      this.#failure = failureOf();
      this.#controller.abort(this.#failure);
    }, withinMs);
  }

  /** Nothing is expected. */
  rest(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** `next`, or the reason of the breaking off: libraries do not always listen while they connect. */
  race<T>(next: Promise<T>): Promise<T> {
    next.catch(() => {});
    return Promise.race([next, this.#broken]);
  }

  close(): void {
    this.rest();
    this.#parent.removeEventListener('abort', this.#onAbort);
    this.#controller.abort(OVER);
  }
}
