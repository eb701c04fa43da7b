/** What a stage says, in order, for one reader. The first `end` closes it; what is pushed later is ignored. */
export class EventStream<Event extends { readonly type: string }> implements AsyncIterable<Event> {
  #pending: Event[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  /** Whether `end` has been pushed. */
  get ended(): boolean {
    return this.#ended;
  }

  push(event: Event): void {
    if (this.#ended) return;
    if (event.type === 'end') this.#ended = true;
    this.#pending.push(event);
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    for (;;) {
      const batch = this.#pending;
      this.#pending = [];
      for (const event of batch) {
        yield event;
        if (event.type === 'end') return;
      }
      if (this.#pending.length > 0) continue;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
