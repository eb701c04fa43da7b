/** The last so many ids that were seen. */
export class RecentIds {
  readonly #ids: string[];
  /** Of the ids: they differ at their ends, so that comparing them would mean to read all of each. */
  readonly #hashes: number[];
  /** Where the next one goes, in place of the oldest. */
  #at = 0;

  constructor(capacity: number) {
    this.#ids = new Array<string>(capacity).fill('');
    this.#hashes = new Array<number>(capacity).fill(0);
  }

  /** Takes an id, which is not empty. False: it is known already. */
  add(id: string): boolean {
    const hash = hashOf(id);
    const hashes = this.#hashes;
    for (let index = 0; index < hashes.length; index += 1) {
      if (hashes[index] === hash && this.#ids[index] === id) return false;
    }
    hashes[this.#at] = hash;
    this.#ids[this.#at] = id;
    this.#at = (this.#at + 1) % hashes.length;
    return true;
  }
}

function hashOf(id: string): number {
  let hash = id.length;
  for (let index = 0; index < id.length; index += 1) hash = (Math.imul(hash, 31) + id.charCodeAt(index)) & 0x3fffffff;
  return hash;
}
