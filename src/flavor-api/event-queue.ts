import { EventRound } from './event-round.js';
import type { FlavorEvent } from './events.js';

/**
 * An unbounded queue with one reader: the simplest way to offer `FlavorSession.events`. Pushing is synchronous and
 * never throws. The first `end` closes it; whatever is pushed later is ignored, which gives the contract's "exactly one
 * `end`, last" for free.
 */
export class FlavorEventQueue implements AsyncIterable<FlavorEvent> {
  #pending: FlavorEvent[] = [];
  #wake: (() => void) | undefined;
  #reader: ((event: FlavorEvent) => void) | undefined;
  #round: EventRound | undefined;
  #ended = false;

  /** Whether `end` has been pushed. */
  get ended(): boolean {
    return this.#ended;
  }

  push(event: FlavorEvent): void {
    if (this.#ended) return;
    if (event.type === 'end') this.#ended = true;
    if (this.#reader) {
      this.#round?.add(this.#reader, event);
      return;
    }
    this.#pending.push(event);
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /**
   * In place of `for await`, for a host with hundreds of calls: hands every event to `reader`, in order, in a microtask
   * after it was pushed, without a promise for each. `reader` must not throw. One reader, either way.
   *
   * @param round that of the host: readers are called in the order of the events of all its queues
   */
  subscribe(reader: (event: FlavorEvent) => void, round: EventRound = new EventRound()): void {
    this.#reader = reader;
    this.#round = round;
    for (const event of this.#pending.splice(0)) round.add(reader, event);
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
