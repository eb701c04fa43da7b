/** A running timer, to be handed back to {@link Clock.clearTimeout}. */
export type Timer = unknown;

/** Time as this flavor sees it, so that tests can hold it still. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  setTimeout(callback: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer): void;
}

/** The process's timers, with the host's clock. */
export function systemClock(now: () => number): Clock {
  return {
    now,
    setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  };
}

/** Resolves after `delayMs`; rejects with the signal's reason as soon as it aborts. */
export function sleep(delayMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      clock.clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = clock.setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** One timer that is set, moved and stopped. */
export class Alarm {
  readonly #clock: Clock;
  #timer: Timer;
  #pending = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get pending(): boolean {
    return this.#pending;
  }

  /** Calls `callback` once after `delayMs`, in place of what was to be called before. */
  set(delayMs: number, callback: () => void): void {
    this.clear();
    this.#pending = true;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#pending = false;
      callback();
    }, delayMs);
  }

  clear(): void {
    if (this.#pending) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending = false;
  }
}
