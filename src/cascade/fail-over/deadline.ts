import type { Clock, TimerHandle } from '../../base/clock.js';
import { timeoutError } from '../stages/stage-error.js';

/** A signal that aborts with another one, or when time is up. To be disposed of as soon as it has served. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #timer: TimerHandle | undefined;
  readonly #onAbort = (): void => this.#controller.abort(this.#outer.reason);

  /**
   * @param limitMs `undefined`: there is no hurry
   * @param what was not done in time, for the error: `nova-3 did not answer`
   */
  constructor(clock: Clock, limitMs: number | undefined, what: string, outer: AbortSignal) {
    this.#clock = clock;
    this.#outer = outer;
    if (limitMs !== undefined) {
      this.#timer = clock.setTimeout(() => this.#controller.abort(timeoutError(what, limitMs)), limitMs);
    }
    if (outer.aborted) this.#onAbort();
    else outer.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Aborts with a `FlavorError` `ERR_FLAVOR_TIMEOUT`, or with the outer signal's reason. */
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

/** `promise`, or the reason of `signal` as soon as it aborts: an engine that does not listen to it is left behind. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal, onLate: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false;
    const onAbort = (): void => {
      over = true;
      reject(signal.reason);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => {
        signal.removeEventListener('abort', onAbort);
        if (over) onLate(value);
        else resolve(value);
      },
      (error) => {
        signal.removeEventListener('abort', onAbort);
        reject(error);
      },
    );
  });
}
