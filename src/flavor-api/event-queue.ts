import type { FlavorEvent } from './events.js';

const resolved = Promise.resolve();

/**
 * An unbounded queue with one reader: the simplest way to offer `FlavorSession.events`. Pushing is synchronous and
 * never throws. The first `end` closes it; whatever is pushed later is ignored, which gives the contract's "exactly one
 * `end`, last" for free.
 */
export class FlavorEventQueue implements AsyncIterable<FlavorEvent> {
  #pending: FlavorEvent[] = [];
  #wake: (() => void) | undefined;
  #reader: ((event: FlavorEvent) => void) | undefined;
  #ended = false;

  /** Whether `end` has been pushed. */
  get ended(): boolean {
    return this.#ended;
  }

  push(event: FlavorEvent): void {
    if (this.#ended) return;
    if (event.type === 'end') this.#ended = true;
    this.#pending.push(event);
    if (this.#reader && this.#pending.length === 1) this.#handOverSoon();
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /**
   * In place of `for await`, for a host with hundreds of calls: hands every event to `reader`, in order, in a microtask
   * after it was pushed, without a promise for each. `reader` must not throw. One reader, either way.
   */
  subscribe(reader: (event: FlavorEvent) => void): void {
    this.#reader = reader;
    if (this.#pending.length > 0) this.#handOverSoon();
  }

  /** A promise's reaction: Node's `queueMicrotask` makes an object for each. */
  #handOverSoon(): void {
    void resolved.then(this.#handOver);
  }

  readonly #handOver = (): void => {
    const pending = this.#pending;
    // What the reader itself pushes is handed over as well.
    for (let i = 0; i < pending.length; i += 1) this.#reader?.(pending[i] as FlavorEvent);
    pending.length = 0;
  };

  async *[Symbol.asyncIterator](): AsyncGenerator<FlavorEvent, void, undefined> {
    for (;;) {
      const batch = this.#pending;
      this.#pending = [];
      for (const event of batch) {
        yield event;
        if (event.type === 'end') return;
      }
      if (this.#pending.length === 0) {
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
