import type { SharedViews } from './shared-views.js';

/**
 * A ring of records in shared memory, from one thread that writes to one that reads. Each of its two positions has one
 * writer; they count bytes, modulo 2^32, and are read and written with `Atomics`, so that a record is complete for whoever
 * sees the position behind it. A record lies in one piece, from a multiple of 8 on, so that its numbers can be read in
 * place: what does not fit before the end of the ring goes to the beginning, and the rest is skipped.
 */

/** Length and type, 32 bits each, before each record. */
const HEADER_BYTES = 8;
/** Length that says: the next record is at the beginning of the ring. */
const SKIP = -1;
/**
 * An empty ring is begun anew from here on, bytes: a reader that keeps up leaves the rest of it alone, and the little that
 * is used stays in the caches of both.
 */
const REWIND_BYTES = 1024;

/** Where a ring lies. */
export interface RingPlace {
  readonly views: SharedViews;
  /** A multiple of 8. */
  readonly byteOffset: number;
  /** A power of two, at least 64. */
  readonly capacity: number;
  /** Indexes into `views.ints`: the position of the writer and of the reader. */
  readonly writerIndex: number;
  readonly readerIndex: number;
}

/** Bytes that a record of so many takes in the ring. */
export function occupied(bytes: number): number {
  return HEADER_BYTES + ((bytes + 7) & ~7);
}

class Ring {
  /** The memory that the ring is part of, in three guises. Offsets of records are bytes in it: divide them by 4 or 8 for the numbers. */
  readonly bytes: Uint8Array;
  readonly ints: Int32Array;
  readonly floats: Float64Array;
  protected readonly base: number;
  protected readonly capacity: number;
  protected readonly writerIndex: number;
  protected readonly readerIndex: number;

  constructor(place: RingPlace) {
    const { bytes, ints, floats } = place.views;
    this.bytes = bytes;
    this.ints = ints;
    this.floats = floats;
    this.base = place.byteOffset;
    this.capacity = place.capacity;
    this.writerIndex = place.writerIndex;
    this.readerIndex = place.readerIndex;
  }
}

export class RingWriter extends Ring {
  /** The longest record that always finds room in an empty ring, bytes. */
  readonly longest: number;
  #rewindBytes = REWIND_BYTES;
  #position: number;
  /** Of the reader, when it was last looked at: it may be further by now. */
  #readPosition: number;
  #reserved = 0;
  #start = 0;

  constructor(place: RingPlace) {
    super(place);
    this.longest = place.capacity / 2 - HEADER_BYTES;
    this.#position = Atomics.load(this.ints, place.writerIndex);
    this.#readPosition = Atomics.load(this.ints, place.readerIndex);
  }

  /** Records that take so much may wait for the reader together: the ring is not begun anew where less would be left. */
  keepRoom(bytes: number): void {
    this.#rewindBytes = Math.max(REWIND_BYTES, Math.min(bytes, this.capacity / 2));
  }

  /**
   * Makes room for a record of `bytes`, at most {@link longest}. Returns the offset of its contents, or -1 when the ring
   * is too full. It is written by {@link commit}; until then another `reserve` takes its place.
   */
  reserve(bytes: number): number {
    const { capacity } = this;
    const needed = occupied(bytes);
    const at = this.#position & (capacity - 1);
    let used = (this.#position - this.#readPosition) | 0;
    // Only where it matters how far the reader is.
    if (at >= this.#rewindBytes || used + needed > capacity || at + needed > capacity) {
      this.#readPosition = Atomics.load(this.ints, this.readerIndex);
      used = (this.#position - this.#readPosition) | 0;
    }
    const rewinds = used === 0 && at >= this.#rewindBytes && needed <= at;
    const skipped = rewinds || at + needed > capacity ? capacity - at : 0;
    if (used + skipped + needed > capacity) return -1;
    if (skipped > 0) this.ints[(this.base + at) >> 2] = SKIP;
    this.#start = this.base + (skipped > 0 ? 0 : at);
    this.#reserved = skipped + needed;
    this.ints[this.#start >> 2] = bytes;
    return this.#start + HEADER_BYTES;
  }

  /** The record that was reserved is complete. `type`: a 32-bit integer. */
  commit(type: number): void {
    this.ints[(this.#start >> 2) + 1] = type;
    this.#position = (this.#position + this.#reserved) | 0;
    Atomics.store(this.ints, this.writerIndex, this.#position);
  }
}

export class RingReader extends Ring {
  /** Of the record that {@link next} found. */
  type = 0;
  offset = 0;
  length = 0;
  #position: number;
  /** Of the writer, when it was last looked at. */
  #writtenPosition: number;
  #after = 0;

  constructor(place: RingPlace) {
    super(place);
    this.#position = Atomics.load(this.ints, place.readerIndex);
    this.#writtenPosition = this.#position;
    this.#after = this.#position;
  }

  /** Goes to the next record; false when there is none yet. Valid until {@link release}. */
  next(): boolean {
    const { capacity } = this;
    if (this.#writtenPosition === this.#position) {
      this.#writtenPosition = Atomics.load(this.ints, this.writerIndex);
      if (this.#writtenPosition === this.#position) return false;
    }
    const { ints, base } = this;
    const from = this.#position & (capacity - 1);
    let at = base + from;
    let skipped = 0;
    if (ints[at >> 2] === SKIP) {
      skipped = capacity - from;
      at = base;
    }
    this.length = ints[at >> 2] as number;
    this.type = ints[(at >> 2) + 1] as number;
    this.offset = at + HEADER_BYTES;
    this.#after = (this.#position + skipped + occupied(this.length)) | 0;
    return true;
  }

  /** The record has been dealt with: its place is free. */
  release(): void {
    this.#position = this.#after;
    Atomics.store(this.ints, this.readerIndex, this.#position);
  }
}
