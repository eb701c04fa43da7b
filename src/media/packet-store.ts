/** Packets held at most: 1.28 s of the shortest. */
export const STORED_PACKETS = 128;

/** What is known of a packet lies together: it costs one look into memory that others have used in the meantime. */
const FIELDS = 8;
const SEQUENCE = 0;
const TIMESTAMP = 1;
const TICKS = 2;
const ARRIVAL = 3;
const OFFSET = 4;
const BYTES = 5;

/** Payloads of neighbours up to this size lie in memory of the store's own. */
const CELL_BYTES = 256;
const CELLS = 8;
/** Memory that a store needs, see {@link PacketStore}. */
export const PACKET_STORE_WORDS = (CELL_BYTES * CELLS) / 4;

const noPayload = new Uint8Array(0);

/** The packets of a jitter buffer, by sequence number: copies, made without allocation where they are short and few. */
export class PacketStore {
  readonly #fields = new Float64Array(STORED_PACKETS * FIELDS);
  /** The cells, in words: what can be copied that way takes a fifth of the time. */
  readonly #words: Int32Array;
  readonly #cells: Uint8Array;
  readonly #payloads: Uint8Array[];

  /** @param words its first {@link PACKET_STORE_WORDS} are used, from the beginning of its buffer. Default: its own */
  constructor(words = new Int32Array(PACKET_STORE_WORDS)) {
    this.#words = words;
    this.#cells = new Uint8Array(words.buffer, words.byteOffset, CELL_BYTES * CELLS);
    this.#payloads = new Array<Uint8Array>(STORED_PACKETS).fill(this.#cells);
    this.clear();
  }

  /** Where a packet stands, or would. */
  slotOf(sequence: number): number {
    return sequence % STORED_PACKETS;
  }

  holds(slot: number, sequence: number): boolean {
    return this.#fields[slot * FIELDS + SEQUENCE] === sequence;
  }

  /** Timestamp of the first sample, 32 bits, signed. */
  startOf(slot: number): number {
    return (this.#fields[slot * FIELDS + TIMESTAMP] as number) | 0;
  }

  /** How long it sounds. */
  ticksOf(slot: number): number {
    return (this.#fields[slot * FIELDS + TICKS] as number) | 0;
  }

  /** Timestamp of the first sample behind it. */
  endOf(slot: number): number {
    return (this.startOf(slot) + this.ticksOf(slot)) | 0;
  }

  arrivalOf(slot: number): number {
    return this.#fields[slot * FIELDS + ARRIVAL] as number;
  }

  /** The payload, at {@link offsetOf}, {@link bytesOf} long. */
  payloadOf(slot: number): Uint8Array {
    return slot < 0 ? noPayload : (this.#payloads[slot] as Uint8Array);
  }

  offsetOf(slot: number): number {
    return slot < 0 ? 0 : (this.#fields[slot * FIELDS + OFFSET] as number) | 0;
  }

  bytesOf(slot: number): number {
    return slot < 0 ? 0 : (this.#fields[slot * FIELDS + BYTES] as number) | 0;
  }

  /**
   * Copies `count` bytes of a payload, from `passed` on, where that can be done in words; false: it cannot.
   * @param target in words @param at in bytes
   */
  copy(slot: number, passed: number, target: Int32Array, at: number, count: number): boolean {
    const from = this.offsetOf(slot) + passed;
    if (((from | at | count) & 3) !== 0 || this.#payloads[slot] !== this.#cells) return false;
    const words = this.#words;
    const first = from >> 2;
    const to = at >> 2;
    for (let i = count >> 2; i-- > 0; ) target[to + i] = words[first + i] as number;
    return true;
  }

  /**
   * Keeps a copy of a payload.
   * @param first all that are held have numbers from this one on @param last to this one
   * @param source `bytes` in words, where there is such a view
   */
  put(
    sequence: number,
    start: number,
    ticks: number,
    arrivalMs: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    first: number,
    last: number,
    source?: Int32Array,
  ): void {
    const slot = this.slotOf(sequence);
    const fields = this.#fields;
    const at = slot * FIELDS;
    fields[at + SEQUENCE] = sequence;
    fields[at + TIMESTAMP] = start;
    fields[at + TICKS] = ticks;
    fields[at + ARRIVAL] = arrivalMs;
    fields[at + BYTES] = length;
    // Two that share a cell are that many numbers apart.
    if (length <= CELL_BYTES && sequence - first < CELLS && last - sequence < CELLS) {
      const cell = (slot % CELLS) * CELL_BYTES;
      const cells = this.#cells;
      if (source !== undefined && ((offset | length) & 3) === 0) {
        const words = this.#words;
        const from = offset >> 2;
        const to = cell >> 2;
        for (let i = length >> 2; i-- > 0; ) words[to + i] = source[from + i] as number;
      } else {
        for (let i = 0; i < length; i += 1) cells[cell + i] = bytes[offset + i] as number;
      }
      fields[at + OFFSET] = cell;
      if (this.#payloads[slot] !== cells) this.#payloads[slot] = cells;
    } else {
      fields[at + OFFSET] = 0;
      this.#payloads[slot] = bytes.slice(offset, offset + length);
    }
  }

  release(slot: number): void {
    this.#fields[slot * FIELDS + SEQUENCE] = -1;
    if (this.#payloads[slot] !== this.#cells) this.#payloads[slot] = this.#cells;
  }

  clear(): void {
    for (let slot = 0; slot < STORED_PACKETS; slot += 1) this.release(slot);
  }
}
