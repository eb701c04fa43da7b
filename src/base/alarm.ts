import type { Clock, TimerHandle } from './clock.js';

/** One timer that is set, moved and stopped. */
export class Alarm {
  readonly #clock: Clock;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It is set, and has not gone off. */
  get pending(): boolean {
    return this.#timer !== undefined;
  }

  /** Calls `callback` once after `delayMs`, in place of what was to be called before. */
  set(delayMs: number, callback: () => void): void {
    this.clear();
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      callback();
    }, delayMs);
  }

  clear(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
