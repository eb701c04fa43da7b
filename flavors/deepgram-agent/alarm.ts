import type { Clock, TimerHandle } from 'sip-voice-connector/cascade';

/** One timer that is set, moved and stopped. */
export class Alarm {
  readonly #clock: Clock;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `callback` once after `delayMs`, in place of what was to be called before. */
  set(delayMs: number, callback: () => void): void {
    this.clear();
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      callback();
    }, delayMs);
  }

  get pending(): boolean {
    return this.#timer !== undefined;
  }

  clear(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
