import type { Clock } from '../../../base/clock.js';
import type { FlavorError } from '../../../flavor-api/index.js';
import { WatchedWait } from '../shared/watched-wait.js';
import { late } from './failures.js';

/** One request from its beginning to its end: ended by whoever asked, or by a timer. */
export class RequestLife {
  readonly parent: AbortSignal;
  readonly #who: string;
  readonly #clock: Clock;
  readonly #wait: WatchedWait;
  #dueMs: number | undefined;

  constructor(who: string, clock: Clock, parent: AbortSignal) {
    parent.throwIfAborted();
    this.parent = parent;
    this.#who = who;
    this.#clock = clock;
    this.#wait = new WatchedWait(clock, parent);
  }

  get signal(): AbortSignal {
    return this.#wait.signal;
  }

  /** What a timer ended it with. */
  get failure(): FlavorError | undefined {
    return this.#wait.failure;
  }

  /** The server owes something within this time. `what` completes "took too long". */
  expect(withinMs: number, what: string): void {
    this.#dueMs = this.#clock.now() + withinMs;
    this.#arm(withinMs, what);
  }

  /** `next`, or the reason for the end; what was expected came with it. */
  async race<T>(next: Promise<T>): Promise<T> {
    try {
      return await this.#wait.race(next);
    } finally {
      this.#wait.rest();
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
    this.#wait.close();
  }

  #arm(withinMs: number, what: string): void {
    this.#wait.expect(withinMs, () => late(this.#who, what));
  }
}
