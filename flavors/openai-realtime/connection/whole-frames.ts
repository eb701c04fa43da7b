/** FIN and the opcode of a text (RFC 6455 section 5.2): a message in one frame, nothing compressed. */
const WHOLE_TEXT = 0x81;
const MASKED = 0x80;
const LENGTH_BITS = 0x7f;
/** Lengths that say how long the length is that follows, in bytes. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_BYTES = 4;

/** What comes next of a frame's header. */
type Step = 'opcode' | 'length' | 'long-length' | 'mask';

/**
 * Follows the frames of a WebSocket's messages through what is read of it, to tell pieces of which nothing is left over from
 * all others. It judges nothing: whoever reads the frames does.
 */
export class WholeFrames {
  #step: Step = 'opcode';
  /** Bytes of a long length, or of a mask, that are still to come. */
  #missing = 0;
  #masked = false;
  #length = 0;
  /** Bytes of a frame's contents that are still to come. */
  #left = 0;

  /**
   * Hot path. To be told of all that is read, in order.
   *
   * @returns whether the piece is whole messages, each a text in one frame, from the first byte to the last
   */
  follow(piece: Uint8Array): boolean {
    let whole = this.#between;
    for (let at = 0; at < piece.length; ) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, piece.length - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      const byte = piece[at] as number;
      at += 1;
      if (this.#step === 'opcode') {
        whole &&= byte === WHOLE_TEXT;
        this.#step = 'length';
      } else this.#header(byte);
    }
    return whole && this.#between;
  }

  /** A frame has ended, or none has begun. */
  get #between(): boolean {
    return this.#step === 'opcode' && this.#left === 0;
  }

  #header(byte: number): void {
    if (this.#step === 'length') {
      this.#masked = (byte & MASKED) !== 0;
      const length = byte & LENGTH_BITS;
      this.#missing = length === LENGTH_16 ? 2 : length === LENGTH_64 ? 8 : 0;
      this.#length = this.#missing === 0 ? length : 0;
      if (this.#missing === 0) this.#measured();
      else this.#step = 'long-length';
      return;
    }
    this.#missing -= 1;
    if (this.#step === 'long-length') this.#length = this.#length * 256 + byte;
    if (this.#missing > 0) return;
    if (this.#step === 'long-length') this.#measured();
    else this.#begin();
  }

  #measured(): void {
    this.#missing = MASK_BYTES;
    if (this.#masked) this.#step = 'mask';
    else this.#begin();
  }

  #begin(): void {
    this.#step = 'opcode';
    this.#left = this.#length;
  }
}
