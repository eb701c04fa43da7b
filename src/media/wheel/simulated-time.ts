import type { Clock, TimerHandle } from '../../base/clock.js';
import type { SlotTimer } from '../sockets/datagram-transport.js';

/** Time that goes on when the wheel waits: calls in no time. */
export class SimulatedTime implements Clock, SlotTimer {
  #nowMs = 0;
  #atMs = 0;
  #wake: (() => void) | undefined;

  now(): number {
    return this.#nowMs;
  }

  wallTime(): number {
    return this.#nowMs;
  }

  setTimeout(): TimerHandle {
    throw new Error('nobody waits in simulated time');
  }

  clearTimeout(): void {}

  arm(atMs: number, wake: () => void): void {
    this.#atMs = atMs;
    this.#wake = wake;
  }

  cancel(): void {
    this.#wake = undefined;
  }

  /** To the next slot. */
  pass(): void {
    this.#nowMs = Math.max(this.#nowMs, this.#atMs);
    this.#wake?.();
  }
}
