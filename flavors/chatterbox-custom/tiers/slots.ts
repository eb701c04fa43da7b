/** Leave to work, until it is given back. Giving it back twice does no harm. */
export interface Lease {
  release(): void;
}

/** So many may work at once; the others wait in the order they came. */
export class Slots {
  readonly #capacity: number;
  #busy = 0;
  readonly #queue: ((lease: Lease) => void)[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get busy(): number {
    return this.#busy;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** At once, or not at all. Nobody who waits is overtaken. */
  tryTake(): Lease | undefined {
    return this.#busy < this.#capacity && this.#queue.length === 0 ? this.#grant() : undefined;
  }

  /**
   * Queues up.
   *
   * @param onLease called once, as soon as it is one's turn; never before this returns
   * @returns leaves the queue; without effect once it was one's turn
   */
  queue(onLease: (lease: Lease) => void): () => void {
    this.#queue.push(onLease);
    return () => {
      const at = this.#queue.indexOf(onLease);
      if (at >= 0) this.#queue.splice(at, 1);
    };
  }

  #grant(): Lease {
    this.#busy += 1;
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        this.#busy -= 1;
        const next = this.#busy < this.#capacity ? this.#queue.shift() : undefined;
        next?.(this.#grant());
      },
    };
  }
}
