const FIRST_BYTES = 1024;
/** So few are copied one by one: that costs less than the view that copying as a whole needs. */
const FEW_BYTES = 512;

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
    const end = (this.#start + this.#length) % capacity;
    const first = Math.min(bytes.length, capacity - end);
    this.#bytes.set(first === bytes.length ? bytes : bytes.subarray(0, first), end);
    if (first < bytes.length) this.#bytes.set(bytes.subarray(first), 0);
    this.#length += bytes.length;
  }

  /** Moves up to `count` bytes to `target` from `offset` on; returns how many. */
  take(target: Uint8Array, offset: number, count: number): number {
    const taken = Math.min(count, this.#length);
    const bytes = this.#bytes;
    const capacity = bytes.length;
    const start = this.#start;
    const first = Math.min(taken, capacity - start);
    if (first <= FEW_BYTES) for (let i = 0; i < first; i += 1) target[offset + i] = bytes[start + i] as number;
    else target.set(bytes.subarray(start, start + first), offset);
    if (first < taken) target.set(bytes.subarray(0, taken - first), offset + first);
    this.#length -= taken;
    // An empty queue begins anew: what is used of it stays little.
    this.#start = this.#length === 0 ? 0 : (start + taken) % capacity;
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
