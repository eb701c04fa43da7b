/** Counts below the highest one that may still come: datagrams overtake each other. */
const WINDOW = 32;

interface Uses {
  readonly madeAtMs: number;
  highest: number;
  /** Bit n: `highest - n` was used. */
  mask: number;
}

/**
 * Which counts (`nc`) of which nonces were used (RFC 7616 section 5.5): none is taken twice. Bounded: where the nonce that
 * was unused for longest has to be forgotten, all as old as it are refused from then on.
 */
export class NonceUses {
  readonly #max: number;
  /** In order of last use. */
  readonly #nonces = new Map<string, Uses>();
  #forgottenUpToMs = Number.NEGATIVE_INFINITY;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#nonces.size;
  }

  /** Notes that `count` was used; false when it was before, or might have been. */
  take(nonce: string, madeAtMs: number, count: number): boolean {
    const known = this.#nonces.get(nonce);
    if (known === undefined) {
      if (madeAtMs <= this.#forgottenUpToMs) return false;
      this.#nonces.set(nonce, { madeAtMs, highest: count, mask: 1 });
      this.#trim();
      return true;
    }
    if (!takeCount(known, count)) return false;
    this.#nonces.delete(nonce);
    this.#nonces.set(nonce, known);
    return true;
  }

  #trim(): void {
    for (const [nonce, { madeAtMs }] of this.#nonces) {
      if (this.#nonces.size <= this.#max) return;
      this.#nonces.delete(nonce);
      this.#forgottenUpToMs = Math.max(this.#forgottenUpToMs, madeAtMs);
    }
  }
}

function takeCount(uses: Uses, count: number): boolean {
  const ahead = count - uses.highest;
  if (ahead > 0) {
    uses.mask = ahead >= WINDOW ? 1 : (uses.mask << ahead) | 1;
    uses.highest = count;
    return true;
  }
  const behind = -ahead;
  if (behind >= WINDOW || (uses.mask & (1 << behind)) !== 0) return false;
  uses.mask |= 1 << behind;
  return true;
}
