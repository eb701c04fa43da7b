import type { Clock, TimerHandle } from '../../base/clock.js';
import type { SlotTimer } from '../sockets/datagram-transport.js';

/** Waits in the event loop, by the clock's timers: for a thread that has other things to do. */
export class ClockSlotTimer implements SlotTimer {
  readonly #clock: Clock;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  arm(atMs: number, wake: () => void): void {
    // Timers have whole milliseconds: rounding down would wake too early, and twice.
    this.#timer = this.#clock.setTimeout(wake, Math.max(0, Math.ceil(atMs - this.#clock.now())));
  }

  cancel(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
