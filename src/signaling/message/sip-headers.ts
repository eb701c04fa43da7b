/** Lower-case names of fields that most messages have, by their usual spelling: one text for all messages. */
const usualKeys: ReadonlyMap<string, string> = new Map(
  [
    ...['Via', 'Max-Forwards', 'From', 'To', 'Call-ID', 'CSeq', 'Contact', 'Allow', 'Supported', 'User-Agent'],
    ...['Content-Type', 'Content-Length', 'Record-Route', 'Route', 'Require', 'Expires', 'Accept', 'Date', 'Server'],
    ...['Session-Expires', 'Min-SE', 'P-Asserted-Identity', 'Privacy', 'Allow-Events', 'Diversion', 'Organization'],
  ].map((name) => [name, name.toLowerCase()]),
);

/** A field's name in lower case. */
export function keyOf(name: string): string {
  return usualKeys.get(name) ?? name.toLowerCase();
}

/** One header field, as it stands in a message. */
export type HeaderField = readonly [name: string, value: string];

/** Header fields in order; a `Map` will do. */
export type HeaderList = Iterable<HeaderField>;

interface Field {
  readonly name: string;
  /** Name in lower case. */
  readonly key: string;
  readonly value: string;
}

/**
 * Header fields of one message: ordered, repeatable, names case-insensitive, compact forms read as long ones
 * (RFC 3261 section 7.3). A list and not a plain object: names such as `__proto__` come from the network. Every method
 * is at most linear in the number of fields.
 */
export class SipHeaders {
  #fields: Field[] = [];

  /** Adds a field after all others. */
  append(name: string, value: string): this {
    this.#fields.push({ name, key: keyOf(name), value });
    return this;
  }

  /** Adds a field before all others; Via needs it. */
  prepend(name: string, value: string): this {
    this.#fields.unshift({ name, key: keyOf(name), value });
    return this;
  }

  /** Replaces every field of that name, in place of the first, or appends. */
  set(name: string, value: string): this {
    const key = keyOf(name);
    const index = this.#indexOf(key);
    if (index < 0) return this.append(name, value);
    this.#fields[index] = { name, key, value };
    this.#fields = this.#fields.filter((field, position) => position === index || field.key !== key);
    return this;
  }

  /** Replaces the first field of that name and leaves the others, or appends. */
  replaceFirst(name: string, value: string): this {
    const key = keyOf(name);
    const index = this.#indexOf(key);
    if (index < 0) return this.append(name, value);
    this.#fields[index] = { name, key, value };
    return this;
  }

  delete(name: string): this {
    const key = keyOf(name);
    this.#fields = this.#fields.filter((field) => field.key !== key);
    return this;
  }

  /** The first value of that name, as it stands on the wire (unfolded). */
  get(name: string): string | undefined {
    return this.#fields[this.#indexOf(keyOf(name))]?.value;
  }

  /** All values of that name in order; a comma-separated list stays one value. */
  getAll(name: string): readonly string[] {
    const key = keyOf(name);
    const values: string[] = [];
    for (const field of this.#fields) if (field.key === key) values.push(field.value);
    return values;
  }

  has(name: string): boolean {
    return this.#indexOf(keyOf(name)) >= 0;
  }

  *[Symbol.iterator](): Generator<HeaderField> {
    for (const field of this.#fields) yield [field.name, field.value];
  }

  #indexOf(key: string): number {
    const fields = this.#fields;
    for (let index = 0; index < fields.length; index += 1) {
      if (fields[index]?.key === key) return index;
    }
    return -1;
  }
}
