/** The last so many ids that were seen. */
export class RecentIds {
  readonly #capacity: number;
  readonly #ids: string[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Takes an id. False: it is known already. */
  add(id: string): boolean {
    if (this.#ids.includes(id)) return false;
    this.#ids.push(id);
    if (this.#ids.length > this.#capacity) this.#ids.shift();
    return true;
  }
}
