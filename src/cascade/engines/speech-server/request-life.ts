import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { FlavorError } from '../../../flavor-api/index.js';
import { late } from './failures.js';

/** One request from its beginning to its end: ended by whoever asked, or by a timer. */
export class RequestLife {
  readonly parent: AbortSignal;
  readonly #who: string;
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  readonly #broken: Promise<never>;
  readonly #onAbort = (): void => this.#controller.abort(this.parent.reason);
  #timer: TimerHandle | undefined;
  #dueMs: number | undefined;
  #failure: FlavorError | undefined;

  constructor(who: string, clock: Clock, parent: AbortSignal) {
    parent.throwIfAborted();
    this.parent = parent;
    this.#who = who;
    this.#clock = clock;
    parent.addEventListener('abort', this.#onAbort, { once: true });
    const { signal } = this.#controller;
    this.#broken = new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    this.#broken.catch(() => {});
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What a timer ended it with. */
  get failure(): FlavorError | undefined {
    return this.#failure;
  }

  /** The server owes something within this time. `what` completes "took too long". */
  expect(withinMs: number, what: string): void {
    this.#dueMs = this.#clock.now() + withinMs;
    this.#arm(withinMs, what);
  }

  /** `next`, or the reason for the end: libraries do not always listen while they connect. */
  async race<T>(next: Promise<T>): Promise<T> {
    next.catch(() => {});
    try {
      return await Promise.race([next, this.#broken]);
    } finally {
      this.#clock.clearTimeout(this.#timer);
    }
  }

  /** What comes, each part of it within `idleMs`, the first within what was expected. Only waiting is timed. */
  async *each(body: AsyncIterable<Uint8Array>, idleMs?: number): AsyncGenerator<Uint8Array, void, undefined> {
    const parts = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const withinMs = this.#dueMs === undefined ? idleMs : this.#dueMs - this.#clock.now();
        if (withinMs !== undefined) this.#arm(withinMs, 'to go on');
        const part = await this.race(parts.next());
        this.#dueMs = undefined;
        if (part.done) return;
        yield part.value;
      }
    } finally {
      // A reader that was ended from here may be waiting for ever; nobody waits for it.
      parts.return?.().catch(() => {});
    }
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.parent.removeEventListener('abort', this.#onAbort);
    this.#controller.abort();
  }

  #arm(withinMs: number, what: string): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => {
      this.#failure = late(this.#who, what);
      this.#controller.abort(this.#failure);
    }, withinMs);
  }
}
