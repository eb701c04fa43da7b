/** Longer ones count as this long, ms. */
export const MAX_MS = 60_000;

/** How often each time occurred, to the millisecond: as many times as there are, in little memory. */
export class Histogram {
  #counts = new Uint32Array(1_024);
  #count = 0;
  #sumMs = 0;

  /** @param ms 0 or more. */
  add(ms: number): void {
    const place = Math.min(MAX_MS, Math.round(ms));
    if (place >= this.#counts.length) this.#grow(place);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#count += 1;
    this.#sumMs += ms;
  }

  get count(): number {
    return this.#count;
  }

  /** `undefined` of nothing. */
  get meanMs(): number | undefined {
    return this.#count === 0 ? undefined : this.#sumMs / this.#count;
  }

  /**
   * The time that so many do not exceed (nearest rank), ms; `undefined` of nothing.
   *
   * @param share 0 to 1.
   */
  quantileMs(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (const [ms, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return ms;
    }
    return MAX_MS;
  }

  #grow(place: number): void {
    const larger = new Uint32Array(Math.min(MAX_MS + 1, Math.max(place + 1, this.#counts.length * 2)));
    larger.set(this.#counts);
    this.#counts = larger;
  }
}
