import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { TimerName } from './timer-values.js';

/** The running timers of one transaction: at most two at a time, so a short list beats a map. */
export class TransactionTimers {
  readonly #clock: Clock;
  readonly #onTimer: (timer: TimerName) => void;
  #running: { readonly name: TimerName; readonly handle: TimerHandle }[] = [];

  constructor(clock: Clock, onTimer: (timer: TimerName) => void) {
    this.#clock = clock;
    this.#onTimer = onTimer;
  }

  /** Starts a timer, anew when it was running. */
  start(name: TimerName, delayMs: number): void {
    this.stop(name);
    const handle = this.#clock.setTimeout(() => {
      this.#forget(name);
      this.#onTimer(name);
    }, delayMs);
    // A pushed one would make room for sixteen more.
    this.#running = this.#running.concat({ name, handle });
  }

  stop(name: TimerName): void {
    const timer = this.#running.find((running) => running.name === name);
    if (timer === undefined) return;
    this.#clock.clearTimeout(timer.handle);
    this.#forget(name);
  }

  stopAll(): void {
    for (const timer of this.#running) this.#clock.clearTimeout(timer.handle);
    this.#running = [];
  }

  #forget(name: TimerName): void {
    this.#running = this.#running.filter((running) => running.name !== name);
  }
}
