const FIRST_BYTES = 1024;

/** A first-in, first-out store of bytes: a ring that copies what it takes, and allocates only where it must grow. */
export class ByteQueue {
  #bytes = new Uint8Array(FIRST_BYTES);
  #start = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(this.#length + bytes.length);
    const capacity = this.#bytes.length;
    let end = (this.#start + this.#length) % capacity;
    for (let i = 0; i < bytes.length; i += 1) {
      this.#bytes[end] = bytes[i] as number;
      end = end + 1 === capacity ? 0 : end + 1;
    }
    this.#length += bytes.length;
  }

  /** Moves up to `count` bytes to `target` from `offset` on; returns how many. */
  take(target: Uint8Array, offset: number, count: number): number {
    const taken = Math.min(count, this.#length);
    const capacity = this.#bytes.length;
    let start = this.#start;
    for (let i = 0; i < taken; i += 1) {
      target[offset + i] = this.#bytes[start] as number;
      start = start + 1 === capacity ? 0 : start + 1;
    }
    this.#start = start;
    this.#length -= taken;
    return taken;
  }

  /** Copies up to `count` bytes to the beginning of `target` and leaves them in the queue; returns how many. */
  peek(target: Uint8Array, count: number): number {
    const copied = Math.min(count, this.#length);
    const capacity = this.#bytes.length;
    for (let i = 0; i < copied; i += 1) target[i] = this.#bytes[(this.#start + i) % capacity] as number;
    return copied;
  }

  /** Replaces every byte by its entry in `table`, 256 long. */
  translate(table: Uint8Array): void {
    for (let i = 0; i < this.#bytes.length; i += 1) this.#bytes[i] = table[this.#bytes[i] as number] as number;
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, needed));
    const length = this.take(grown, 0, this.#length);
    this.#bytes = grown;
    this.#start = 0;
    this.#length = length;
  }
}
