import type { Clock, TimerHandle } from '../../../src/base/clock.js';

export interface FakeWorkersOptions {
  /** At most so many. */
  readonly limit: number;
  /** From the wish for one until its model is loaded, ms. */
  readonly coldStartMs: number;
  /** A worker without a job is there for so long, ms. */
  readonly idleMs: number;
  /** So many are there from the beginning, as if they had just been used. */
  readonly warm: number;
  readonly clock: Clock;
}

export const fakeWorkersDefaults = {
  limit: 3,
  coldStartMs: 0,
  idleMs: 5_000,
  warm: 0,
} as const satisfies Omit<FakeWorkersOptions, 'clock'>;

/** Machines that come when they are wanted and go when they are not. */
export class FakeWorkers {
  readonly #options: FakeWorkersOptions;
  readonly #waiting: (() => void)[] = [];
  readonly #timers = new Set<TimerHandle>();
  readonly #idle: TimerHandle[] = [];
  readonly #starting = new Map<TimerHandle, () => void>();
  #running = 0;

  constructor(options: FakeWorkersOptions) {
    this.#options = options;
    for (let i = 0; i < options.warm; i += 1) this.#rest();
  }

  get counts(): { readonly idle: number; readonly running: number; readonly initializing: number } {
    return { idle: this.#idle.length, running: this.#running, initializing: this.#starting.size };
  }

  /** Resolves when there is a worker for a job; `release` it. @throws `signal.reason` */
  acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#idle.length > 0) {
      this.#clear(this.#idle.shift());
      this.#running += 1;
      return Promise.resolve();
    }
    if (this.#running + this.#starting.size < this.#options.limit) this.#start();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(onFree), 1);
        reject(signal.reason);
      };
      const onFree = (): void => {
        signal.removeEventListener('abort', onAbort);
        this.#running += 1;
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(onFree);
    });
  }

  release(): void {
    this.#running -= 1;
    this.#free();
  }

  /** Sends all that rest home. */
  scaleToZero(): void {
    for (const timer of this.#idle.splice(0)) this.#clear(timer);
  }

  /** Those that are starting are ready now. */
  finishStarts(): void {
    for (const [timer, ready] of this.#starting) {
      this.#clear(timer);
      ready();
    }
  }

  close(): void {
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
    this.#timers.clear();
  }

  #start(): void {
    const ready = (): void => {
      this.#starting.delete(timer);
      this.#free();
    };
    const timer = this.#later(this.#options.coldStartMs, ready);
    this.#starting.set(timer, ready);
  }

  #free(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#rest();
    else next();
  }

  #rest(): void {
    const timer = this.#later(this.#options.idleMs, () => this.#idle.splice(this.#idle.indexOf(timer), 1));
    this.#idle.push(timer);
  }

  #later(ms: number, then: () => void): TimerHandle {
    const timer = this.#options.clock.setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  #clear(timer: TimerHandle | undefined): void {
    this.#options.clock.clearTimeout(timer);
    if (timer !== undefined) this.#timers.delete(timer);
  }
}
