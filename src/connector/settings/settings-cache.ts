/** Answers kept at the same time, and the bytes they may have together. */
const MAX_ENTRIES = 1000;
const MAX_TOTAL_BYTES = 16 * 1024 * 1024;

interface Entry<Value> {
  readonly value: Value;
  readonly bytes: number;
  /** On the monotonic clock. */
  readonly expiresAtMs: number;
}

/** A bounded cache; the entry that was not asked for the longest goes first. Has no clock and no timer of its own. */
export class SettingsCache<Value> {
  /** The one asked for last stands last. */
  readonly #entries = new Map<string, Entry<Value>>();
  #bytes = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** @param nowMs on the monotonic clock */
  get(key: string, nowMs: number): Value | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#remove(key, entry);
    if (entry.expiresAtMs <= nowMs) return undefined;
    this.#add(key, entry);
    return entry.value;
  }

  /** @param bytes what the value weighs */
  set(key: string, value: Value, bytes: number, expiresAtMs: number): void {
    const old = this.#entries.get(key);
    if (old) this.#remove(key, old);
    this.#add(key, { value, bytes, expiresAtMs });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= MAX_ENTRIES && this.#bytes <= MAX_TOTAL_BYTES) return;
      this.#remove(oldest, entry);
    }
  }

  #add(key: string, entry: Entry<Value>): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
  }

  #remove(key: string, entry: Entry<Value>): void {
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
