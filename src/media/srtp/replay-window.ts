/** How far a packet may be behind the newest one; RFC 3711 section 3.3.2 asks for 64 at least. */
const WINDOW = 256;

/** Which packet indexes of one source were seen (RFC 3711 section 3.3.2). Only authentic packets are recorded. */
export class ReplayWindow {
  readonly #seen = new Float64Array(WINDOW).fill(-1);
  #highest = -1;

  /** The highest index recorded; -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** Whether `index` came before, or is too old to know. */
  isReplay(index: number): boolean {
    if (index > this.#highest) return false;
    return this.#highest - index >= WINDOW || this.#seen[index % WINDOW] === index;
  }

  record(index: number): void {
    this.#seen[index % WINDOW] = index;
    if (index > this.#highest) this.#highest = index;
  }
}
