/** Values remembered; older ones say little about now. */
const KEPT = 64;

/** The last values of something, and where most of them lie. */
export class Measure {
  readonly #values: number[] = [];
  #at = 0;

  get count(): number {
    return this.#values.length;
  }

  add(value: number): void {
    if (this.#values.length < KEPT) this.#values.push(value);
    else this.#values[this.#at] = value;
    this.#at = (this.#at + 1) % KEPT;
  }

  /** The value that `share` of them, 0 to 1, do not pass; `undefined` without any. */
  quantile(share: number): number | undefined {
    const sorted = this.#values.toSorted((one, other) => one - other);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  }

  /** The mean; `undefined` without any. */
  get mean(): number | undefined {
    const count = this.#values.length;
    return count === 0 ? undefined : this.#values.reduce((sum, value) => sum + value, 0) / count;
  }
}
