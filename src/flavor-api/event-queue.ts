import type { FlavorEvent } from './events.js';

/**
 * An unbounded queue with one reader: the simplest way to offer `FlavorSession.events`. Pushing is synchronous and
 * never throws. The first `end` closes it; whatever is pushed later is ignored, which gives the contract's "exactly one
 * `end`, last" for free.
 */
export class FlavorEventQueue implements AsyncIterable<FlavorEvent> {
  #pending: FlavorEvent[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  /** Whether `end` has been pushed. */
  get ended(): boolean {
    return this.#ended;
  }

  push(event: FlavorEvent): void {
    if (this.#ended) return;
    if (event.type === 'end') this.#ended = true;
    this.#pending.push(event);
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

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
