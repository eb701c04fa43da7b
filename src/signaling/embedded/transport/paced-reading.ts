import type { Clock } from '../../../base/clock.js';

export interface PacedReadingOptions<Message> {
  readonly clock: Clock;
  /** Must not throw. */
  readonly handle: (message: Message) => void;
  /** Calls back in the next turn of the event loop, after its timers and sockets. Default: `setImmediate`. */
  readonly nextTurn?: (callback: () => void) => void;
}

/**
 * Work on messages in one turn of the event loop, ms: half a frame of audio. libuv reads up to 32 datagrams of a socket
 * in a row, which may take 40 ms of SIP, and no packet leaves meanwhile.
 */
const TURN_MS = 8;

/** Messages that may wait; a full second of a flood. Beyond that they are lost, as in a full socket. */
const MAX_WAITING = 1_000;

/** Hands messages on at once, in order, but no more of them in one turn of the event loop than leaves room for others. */
export class PacedReading<Message> {
  readonly #options: PacedReadingOptions<Message>;
  readonly #nextTurn: (callback: () => void) => void;
  #waiting: Message[] = [];
  /** When the messages of this turn began to be handled; absent before the first. */
  #turnStartMs: number | undefined;
  #closed = false;

  constructor(options: PacedReadingOptions<Message>) {
    this.#options = options;
    this.#nextTurn = options.nextTurn ?? ((callback) => setImmediate(callback));
  }

  /** Takes a message. Returns whether there was room for it. */
  take(message: Message): boolean {
    if (this.#closed) return false;
    if (this.#waiting.length > 0 || !this.#hasTime()) {
      if (this.#waiting.length >= MAX_WAITING) return false;
      this.#waiting.push(message);
      return true;
    }
    this.#options.handle(message);
    return true;
  }

  /** Forgets what waits; nothing is handed on any more. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  #hasTime(): boolean {
    const nowMs = this.#options.clock.now();
    if (this.#turnStartMs === undefined) {
      this.#turnStartMs = nowMs;
      this.#nextTurn(this.#onNextTurn);
    }
    return nowMs - this.#turnStartMs < TURN_MS;
  }

  readonly #onNextTurn = (): void => {
    this.#turnStartMs = undefined;
    let handled = 0;
    while (handled < this.#waiting.length && this.#hasTime()) {
      const message = this.#waiting[handled];
      handled += 1;
      if (message !== undefined) this.#options.handle(message);
    }
    this.#waiting.splice(0, handled);
  };
}
