/**
 * The last so many ids that were seen, each as 60 bits: the ids themselves would be most of what a session keeps of its
 * messages. Two ids that have all of them in common are a matter of chance, once in 10^18.
 */
export class RecentIds {
  /** Two numbers an id; grows as ids come. */
  readonly #hashes: number[] = [];
  readonly #capacity: number;
  /** Where the next one goes, in place of the oldest. */
  #at = 0;

  constructor(capacity: number) {
    this.#capacity = 2 * capacity;
  }

  /** Takes an id, which is not empty. False: it is known already. */
  add(id: string): boolean {
    // Ids differ at their ends: both numbers take in all of them.
    let one = id.length;
    let other = 0x15a4e35;
    for (let index = 0; index < id.length; index += 1) {
      const code = id.charCodeAt(index);
      one = (Math.imul(one, 31) + code) & 0x3fffffff;
      other = Math.imul(other ^ code, 0x1000193) & 0x3fffffff;
    }
    const hashes = this.#hashes;
    for (let index = 0; index < hashes.length; index += 2) {
      if (hashes[index] === one && hashes[index + 1] === other) return false;
    }
    hashes[this.#at] = one;
    hashes[this.#at + 1] = other;
    this.#at = (this.#at + 2) % this.#capacity;
    return true;
  }
}
