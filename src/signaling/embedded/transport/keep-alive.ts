import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { Random } from '../../../base/random.js';

/** Two line ends between messages: the keep-alive of RFC 5626 section 3.5.1, on a stream answered by one. */
export const KEEP_ALIVE_PING = Buffer.from('\r\n\r\n', 'latin1');

/** Its answer. */
export const KEEP_ALIVE_PONG = Buffer.from('\r\n', 'latin1');

/** After a keep-alive its answer must be there within this, ms (RFC 5626 section 4.4.1). */
export const KEEP_ALIVE_ANSWER_MS = 10_000;

export interface KeepAliveOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Longest gap; each is drawn from the last fifth below it (RFC 5626 section 4.4), so that not all fall together, ms. */
  readonly intervalMs: number;
  readonly send: () => void;
}

/** Calls `send` again and again, first after one gap, until stopped. */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  #timer: TimerHandle | undefined;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#wait();
  }

  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    const { clock, random, intervalMs, send } = this.#options;
    const gapMs = intervalMs - random.integer(Math.floor(intervalMs / 5) + 1);
    this.#timer = clock.setTimeout(() => {
      this.#wait();
      send();
    }, gapMs);
  }
}
