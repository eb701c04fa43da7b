import type { Writable } from 'node:stream';
import { FrameMemory } from './frame-memory.js';
import type { MaskSource } from './mask-source.js';

/** FIN and the opcode of a text, and the bit for a mask with the number that says that the length follows in 16 bits. */
const FINAL_TEXT = 0x81;
const MASKED_LENGTH_16 = 0x80 | 126;
/** Contents of a frame whose length is written so, bytes. */
const LEAST = 126;
const MASK_AT = 4;
const HEADER_BYTES = 8;

/**
 * Messages of audio as frames of a client (RFC 6455 section 5.2), each written in one piece into memory that is used again. `ws`
 * makes some for each, and leaves it to be collected.
 *
 *      0               1               2               3
 *     |F|0|opcode = 1 |1| length 126  | length, 16 bits               |
 *     | masking key                                                   |
 *     | contents, masked …
 */
export class TextFrames {
  readonly #masks: MaskSource;
  readonly #memory = new FrameMemory();

  constructor(masks: MaskSource) {
    this.#masks = masks;
  }

  /** Whether {@link write} takes a message of so many bytes. Others are rare. */
  takes(bytes: number): boolean {
    return bytes >= LEAST && HEADER_BYTES + bytes <= this.#memory.longest;
  }

  /** Hot path. The message's memory may be used again as soon as this returns. */
  write(to: Writable, message: Uint8Array): void {
    const { length } = message;
    const piece = this.#memory.take(HEADER_BYTES + length);
    const { at } = this.#memory;
    const { bytes, words } = piece;
    bytes[at] = FINAL_TEXT;
    bytes[at + 1] = MASKED_LENGTH_16;
    bytes[at + 2] = length >> 8;
    bytes[at + 3] = length & 0xff;
    this.#masks.fill(bytes, at + MASK_AT);
    bytes.set(message, at + HEADER_BYTES);
    const mask = words[(at + MASK_AT) >> 2] as number;
    const first = (at + HEADER_BYTES) >> 2;
    // Up to three bytes behind the last are masked with it: they are nobody's.
    const end = first + ((length + 3) >> 2);
    for (let word = first; word < end; word += 1) words[word] = (words[word] as number) ^ mask;
    to.write(bytes.subarray(at, at + HEADER_BYTES + length), piece.written);
  }
}
