/** A place at a server, given back once. */
export type ReleaseSlot = () => void;

/**
 * Places at a server that works on so many requests at once and queues, or spoils, the rest: whoever finds none waits
 * here, in order, where waiting can be ended and seen.
 */
export class Slots {
  readonly limit: number;
  #inUse = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** A place that is free now, if there is one. */
  take(): ReleaseSlot | undefined {
    if (this.#inUse >= this.limit) return undefined;
    this.#inUse += 1;
    return this.#release();
  }

  /** A place, as soon as there is one. @throws `signal.reason` */
  async wait(signal: AbortSignal): Promise<ReleaseSlot> {
    signal.throwIfAborted();
    const free = this.take();
    if (free !== undefined) return free;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(onFree), 1);
        reject(signal.reason);
      };
      const onFree = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve(this.#release());
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(onFree);
    });
  }

  /** Passes the place on to whoever waits longest: it is never free in between, so nobody can overtake. */
  #release(): ReleaseSlot {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#inUse -= 1;
      else next();
    };
  }
}
