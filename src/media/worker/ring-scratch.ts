import type { RingReader } from './shared-ring.js';

/**
 * Where a thread looks at records of its rings, one at a time: copied out of shared memory in words, which costs less than to
 * make a view of each.
 */
export class RingScratch {
  #words = new Int32Array(64);
  #bytes = new Uint8Array(this.#words.buffer);
  #view = this.#bytes;

  /** The contents of the record that the ring is at; valid until the next call. */
  copy({ ints, offset, length }: RingReader): Uint8Array {
    const count = (length + 3) >> 2;
    if (count > this.#words.length) {
      this.#words = new Int32Array(2 ** Math.ceil(Math.log2(count)));
      this.#bytes = new Uint8Array(this.#words.buffer);
      this.#view = this.#bytes;
    }
    const words = this.#words;
    const first = offset >> 2;
    for (let i = 0; i < count; i += 1) words[i] = ints[first + i] as number;
    if (this.#view.length !== length) this.#view = this.#bytes.subarray(0, length);
    return this.#view;
  }
}
