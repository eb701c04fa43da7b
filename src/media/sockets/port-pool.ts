import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';

export interface PortPoolOptions {
  /** Bounds of the range, both included. Pairs lie wholly inside. */
  readonly min: number;
  readonly max: number;
  /** How long a port is kept from use after a call, so that its last packets cannot reach the next one. */
  readonly restSeconds: number;
}

const FREE = 0;
const IN_USE = 1;
const RESTING = 2;

/**
 * Hands out RTP ports: even, the odd one above for RTCP (RFC 3550 section 11). Which comes next cannot be guessed: a
 * port found by counting is the first step of an RTP bleed.
 */
export class PortPool {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #firstPort: number;
  readonly #states: Uint8Array;
  readonly #restMs: number;
  /** In the order in which their rest ends. */
  readonly #resting: { readonly index: number; readonly untilMs: number }[] = [];
  #inUse = 0;

  constructor(options: PortPoolOptions, deps: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#firstPort = options.min + (options.min % 2);
    this.#states = new Uint8Array(Math.max(0, Math.floor((options.max - this.#firstPort + 1) / 2)));
    this.#restMs = options.restSeconds * 1000;
  }

  /** Pairs in use, resting and free. */
  usage(): { readonly inUse: number; readonly resting: number; readonly free: number } {
    this.#wake();
    const resting = this.#resting.length;
    return { inUse: this.#inUse, resting, free: this.#states.length - this.#inUse - resting };
  }

  /** Takes a free pair; returns its even port, or `undefined` when all are in use or resting. */
  acquire(): number | undefined {
    this.#wake();
    const count = this.#states.length;
    if (this.#inUse + this.#resting.length >= count) return undefined;
    let index = this.#random.integer(count);
    while (this.#states[index] !== FREE) index = (index + 1) % count;
    this.#states[index] = IN_USE;
    this.#inUse += 1;
    return this.#firstPort + 2 * index;
  }

  /** Gives a pair back; it rests first. Also for a pair that proved to be bound by somebody else. */
  release(port: number): void {
    const index = (port - this.#firstPort) / 2;
    if (this.#states[index] !== IN_USE) return;
    this.#states[index] = RESTING;
    this.#inUse -= 1;
    this.#resting.push({ index, untilMs: this.#clock.now() + this.#restMs });
  }

  #wake(): void {
    const nowMs = this.#clock.now();
    let awake = 0;
    for (const { index, untilMs } of this.#resting) {
      if (untilMs > nowMs) break;
      this.#states[index] = FREE;
      awake += 1;
    }
    if (awake > 0) this.#resting.splice(0, awake);
  }
}
