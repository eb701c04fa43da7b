/**
 * Ogg pages (RFC 3533 section 6), of one logical stream.
 *
 * ```
 *  0                   1                   2                   3
 * | 'O'           | 'g'           | 'g'           | 'S'           |
 * | version = 0   | header type   | granule position, 64 bits ... |
 * |                                               | serial ...    |
 * |                               | page sequence number          |
 * |                               | checksum                      |
 * |                               | segments      | segment table |
 * ```
 */

const PAGE_HEADER_BYTES = 27;
const CHECKSUM_AT = 22;
/** Of the segment table: what a packet is cut into, and how many of them a page takes. */
const SEGMENT_BYTES = 255;
const MAX_SEGMENTS = 255;

export const oggPageKind = { first: 2, last: 4 } as const;

/** Puts whole packets into pages. */
export class OggPager {
  readonly #serial: number;
  #sequence = 0;

  /** @param serial 32 bits, of its own for each stream */
  constructor(serial: number) {
    this.#serial = serial >>> 0;
  }

  /**
   * The next page of the stream.
   * @param packets no more than 255 segments of 255 bytes, of which each packet takes one more than it fills
   * @param granule where the stream is at the end of the page, in the codec's unit; below 2^53
   * @param kind sum of {@link oggPageKind}
   */
  page(packets: readonly Uint8Array[], granule: number, kind = 0): Buffer {
    const segments = packets.flatMap(({ length }) => lacing(length));
    if (segments.length > MAX_SEGMENTS) throw new RangeError(`${segments.length} segments do not fit a page of Ogg`);
    const header = Buffer.alloc(PAGE_HEADER_BYTES + segments.length);
    header.write('OggS', 'latin1');
    header[5] = kind;
    header.writeBigInt64LE(BigInt(granule), 6);
    header.writeUInt32LE(this.#serial, 14);
    header.writeUInt32LE(this.#sequence, 18);
    header[26] = segments.length;
    header.set(segments, PAGE_HEADER_BYTES);
    this.#sequence += 1;
    const page = Buffer.concat([header, ...packets]);
    page.writeUInt32LE(oggChecksum(page), CHECKSUM_AT);
    return page;
  }
}

/** A packet's part of the segment table: a value below 255 ends it. */
function lacing(bytes: number): readonly number[] {
  return [...new Array<number>(Math.floor(bytes / SEGMENT_BYTES)).fill(SEGMENT_BYTES), bytes % SEGMENT_BYTES];
}

const POLYNOMIAL = 0x04c1_1db7;

const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) remainder = (remainder << 1) ^ (remainder < 0 ? POLYNOMIAL : 0);
  return remainder;
});

/** CRC-32 of a page as RFC 3533 wants it: from the highest bit down, beginning with 0, the checksum's own field as 0. */
function oggChecksum(page: Uint8Array): number {
  let remainder = 0;
  for (let at = 0; at < page.length; at += 1) {
    const byte = at >= CHECKSUM_AT && at < CHECKSUM_AT + 4 ? 0 : (page[at] as number);
    remainder = (remainder << 8) ^ (remainders[(remainder >>> 24) ^ byte] as number);
  }
  return remainder >>> 0;
}
