import { orAborted } from '../../base/or-aborted.js';

/**
 * One piece of work that several wait for. Whoever stops waiting leaves the others alone; when nobody waits any more the
 * work is given up.
 */
export class SharedFlight<Value> {
  readonly #abort = new AbortController();
  readonly #landed: Promise<Value>;
  #waiting = 0;

  /** @param start begins the work; its signal aborts when nobody waits any more */
  constructor(start: (signal: AbortSignal) => Promise<Value>) {
    this.#landed = start(this.#abort.signal);
    // Told to those who wait; there may be none when it fails.
    this.#landed.catch(() => undefined);
  }

  /** Whether it was given up: it cannot be joined any more. */
  get abandoned(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Waits for the result. Rejects as the work does, or with the reason of `signal`. */
  async join(signal: AbortSignal): Promise<Value> {
    signal.throwIfAborted();
    this.#waiting += 1;
    try {
      return await orAborted(this.#landed, signal);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#abort.abort();
    }
  }
}
