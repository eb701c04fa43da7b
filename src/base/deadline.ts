import type { Clock, TimerHandle } from './clock.js';

/**
 * A signal that aborts with another one, or when time is up. To be disposed of as soon as it has served: unlike a signal of
 * `AbortSignal.any`, nothing is left of it then with the other one (see `AbortScope`).
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #timer: TimerHandle | undefined;
  readonly #onAbort = (): void => this.#controller.abort(this.#outer.reason);

  /**
   * @param limitMs `undefined`: there is no hurry
   * @param late makes the reason that it aborts with when time is up
   */
  constructor(clock: Clock, limitMs: number | undefined, late: () => Error, outer: AbortSignal) {
    this.#clock = clock;
    this.#outer = outer;
    if (limitMs !== undefined) this.#timer = clock.setTimeout(() => this.#controller.abort(late()), limitMs);
    if (outer.aborted) this.#onAbort();
    else outer.addEventListener('abort', this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Time does not matter any more; the outer signal still does. */
  met(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.met();
    this.#outer.removeEventListener('abort', this.#onAbort);
  }
}
