/** Faults of a fake's own that meet single moments of its work, and not whole requests. */
export class FaultSwitch<Name extends string> {
  readonly #left = new Map<Name, number>();

  /** @param times How often it strikes. Default: until `clear`. */
  add(name: Name, times: number = Number.POSITIVE_INFINITY): void {
    this.#left.set(name, times);
  }

  clear(): void {
    this.#left.clear();
  }

  /** Whether it strikes now, once less from then on. */
  strikes(name: Name): boolean {
    const left = this.#left.get(name) ?? 0;
    if (left <= 0) return false;
    this.#left.set(name, left - 1);
    return true;
  }
}
