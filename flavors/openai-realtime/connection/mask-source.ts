import { randomFillSync } from 'node:crypto';

const MASK_BYTES = 4;
/** Random bytes fetched at once. */
const POOL_BYTES = 64 * MASK_BYTES;

/**
 * Masks for a client's frames (RFC 6455 section 5.3). None is zero: with a zero mask `ws` keeps the memory it was given until
 * the network takes it, with any other it has copied it before `send` returns. So senders may use their memory again.
 */
export class MaskSource {
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #at = POOL_BYTES;

  /** Hot path. */
  fill(mask: Uint8Array): void {
    let bits = 0;
    while (bits === 0) {
      if (this.#at >= POOL_BYTES) {
        randomFillSync(this.#pool);
        this.#at = 0;
      }
      for (let index = 0; index < MASK_BYTES; index += 1) {
        const byte = this.#pool[this.#at + index] ?? 0;
        mask[index] = byte;
        bits |= byte;
      }
      this.#at += MASK_BYTES;
    }
  }
}
