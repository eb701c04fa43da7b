import type { Clock } from '../../base/clock.js';
import type { SlotTimer } from '../sockets/datagram-transport.js';

/**
 * Waits for the next slot by stopping the thread. A thread that does nothing but media is woken once a slot, not once a
 * packet; what arrived meanwhile is read in one turn of the event loop, after the slot's packets have left.
 */
export class BlockingSlotTimer implements SlotTimer {
  readonly #clock: Clock;
  readonly #isMoreToRead: () => boolean;
  /** Nobody ever notifies it. */
  readonly #never = new Int32Array(new SharedArrayBuffer(4));
  #atMs = 0;
  #wake: (() => void) | undefined;
  #scheduled = false;

  /** @param isMoreToRead whether the turn of the event loop that has passed has left packets unread */
  constructor(clock: Clock, isMoreToRead: () => boolean) {
    this.#clock = clock;
    this.#isMoreToRead = isMoreToRead;
  }

  arm(atMs: number, wake: () => void): void {
    this.#atMs = atMs;
    this.#wake = wake;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Between here and there the event loop looks at every socket once.
    setImmediate(this.#block);
  }

  cancel(): void {
    this.#wake = undefined;
  }

  readonly #block = (): void => {
    this.#scheduled = false;
    const isMoreToRead = this.#isMoreToRead();
    const wake = this.#wake;
    if (wake === undefined) return;
    const waitMs = this.#atMs - this.#clock.now();
    if (isMoreToRead && waitMs > 0) {
      this.#scheduled = true;
      setImmediate(this.#block);
      return;
    }
    if (waitMs > 0) Atomics.wait(this.#never, 0, 0, waitMs);
    this.#wake = undefined;
    wake();
  };
}
