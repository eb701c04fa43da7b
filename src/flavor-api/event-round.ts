const resolved = Promise.resolve();

/**
 * What is to be done in a microtask, in order. The queues of one host share it: a microtask for each event would be dear
 * to a host that serves dozens of calls in one turn of the event loop.
 */
export class EventRound {
  readonly #due: (() => void)[] = [];

  /** What is added meanwhile, by what is done, is done in the same round. */
  add(action: () => void): void {
    this.#due.push(action);
    // A promise's reaction: Node's `queueMicrotask` makes an object for each.
    if (this.#due.length === 1) void resolved.then(this.#run);
  }

  readonly #run = (): void => {
    const due = this.#due;
    let done = 0;
    try {
      while (done < due.length) {
        const action = due[done] as () => void;
        done += 1;
        action();
      }
    } finally {
      due.splice(0, done);
      // One has thrown: the others are no part of it.
      if (due.length > 0) void resolved.then(this.#run);
    }
  };
}
