/** Things that happen, kept until somebody asks for them. */
export class WaitingList<T> {
  readonly #items: T[] = [];
  readonly #takers: { readonly wants: (item: T) => boolean; readonly take: (item: T) => void }[] = [];

  add(item: T): void {
    const index = this.#takers.findIndex(({ wants }) => wants(item));
    if (index < 0) this.#items.push(item);
    else this.#takers.splice(index, 1)[0]?.take(item);
  }

  /** The first that fits, now or later; rejects after `limitMs` with what is there instead. */
  next(wants: (item: T) => boolean, what: string, limitMs = 30_000): Promise<T> {
    const index = this.#items.findIndex(wants);
    const [item] = index < 0 ? [] : this.#items.splice(index, 1);
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve, reject) => {
      const taker = {
        wants,
        take: (found: T) => {
          clearTimeout(timer);
          resolve(found);
        },
      };
      const timer = setTimeout(() => {
        this.#takers.splice(this.#takers.indexOf(taker), 1);
        reject(new Error(`the application sent no ${what}; there is: ${JSON.stringify(this.#items)}`));
      }, limitMs);
      this.#takers.push(taker);
    });
  }

  get length(): number {
    return this.#items.length;
  }
}
