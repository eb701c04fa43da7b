/**
 * Header fields of one message: ordered, repeatable, names case-insensitive, compact forms read as long ones
 * (RFC 3261 section 7.3). Keyed by a `Map`, never a plain object: names such as `__proto__` come from the network.
 */
export class SipHeaders {
  readonly #fields: { name: string; key: string; value: string }[] = [];

  /** Adds a field after all others. */
  append(name: string, value: string): this {
    this.#fields.push({ name, key: name.toLowerCase(), value });
    return this;
  }

  /** Adds a field before all others; Via needs it. */
  prepend(name: string, value: string): this {
    this.#fields.unshift({ name, key: name.toLowerCase(), value });
    return this;
  }

  /** Replaces every field of that name, in place of the first, or appends. */
  set(name: string, value: string): this {
    const key = name.toLowerCase();
    const index = this.#fields.findIndex((field) => field.key === key);
    if (index < 0) return this.append(name, value);
    this.delete(name);
    this.#fields.splice(index, 0, { name, key, value });
    return this;
  }

  delete(name: string): this {
    const key = name.toLowerCase();
    for (let index = this.#fields.length - 1; index >= 0; index -= 1) {
      if (this.#fields[index]?.key === key) this.#fields.splice(index, 1);
    }
    return this;
  }

  /** The first value of that name, as it stands on the wire (unfolded). */
  get(name: string): string | undefined {
    const key = name.toLowerCase();
    return this.#fields.find((field) => field.key === key)?.value;
  }

  /** All values of that name in order; a comma-separated list stays one value. */
  getAll(name: string): readonly string[] {
    const key = name.toLowerCase();
    return this.#fields.filter((field) => field.key === key).map((field) => field.value);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  *[Symbol.iterator](): Generator<readonly [name: string, value: string]> {
    for (const field of this.#fields) yield [field.name, field.value];
  }
}
