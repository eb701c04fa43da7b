import type { FlavorEvent } from './events.js';

const resolved = Promise.resolve();

type Reader = (event: FlavorEvent) => void;

/**
 * Events that are handed to their readers in a microtask, in order. The queues of one host share it: a microtask for each
 * event would be dear to a host that serves dozens of calls in one turn of the event loop.
 */
export class EventRound {
  /** What is due, in places that are used again. Here, and not with each queue: a call's own memory need not be written to. */
  readonly #readers: (Reader | undefined)[] = [];
  readonly #events: (FlavorEvent | undefined)[] = [];
  #count = 0;

  /** What is added meanwhile, by a reader, is handed over in the same round. */
  add(reader: Reader, event: FlavorEvent): void {
    const at = this.#count;
    this.#count = at + 1;
    this.#readers[at] = reader;
    this.#events[at] = event;
    // A promise's reaction: Node's `queueMicrotask` makes an object for each.
    if (at === 0) void resolved.then(this.#run);
  }

  readonly #run = (): void => {
    let done = 0;
    try {
      while (done < this.#count) {
        const reader = this.#readers[done] as Reader;
        const event = this.#events[done] as FlavorEvent;
        this.#readers[done] = undefined;
        this.#events[done] = undefined;
        done += 1;
        reader(event);
      }
    } finally {
      this.#end(done);
    }
  };

  #end(done: number): void {
    const left = this.#count - done;
    this.#count = left;
    if (left === 0) return;
    // A reader has thrown: the others are no part of it.
    this.#readers.splice(0, done);
    this.#events.splice(0, done);
    void resolved.then(this.#run);
  }
}
