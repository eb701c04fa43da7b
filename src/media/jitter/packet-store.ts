/** Packets held at most: 1.28 s of the shortest. */
export const STORED_PACKETS = 128;
/** There is room for so many until they lie farther apart than that: a jitter buffer holds few. As STORED_PACKETS, a multiple of CELLS. */
const FEW_PACKETS = 16;

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
export const PACKET_STORE_BYTES = CELL_BYTES * CELLS;

const noPayload = new Uint8Array(0);

/** The packets of a jitter buffer, by sequence number: copies, made without allocation where they are short and few. */
export class PacketStore {
  #fields = new Float64Array(0);
  /** Packets that there is room for, less 1; a power of two less 1. */
  #mask = -1;
  /** The cells, in words: what can be copied that way takes a fifth of the time. */
  readonly #words: Int32Array;
  readonly #cells: Uint8Array;
  #payloads: Uint8Array[] = [];

  /** @param memory its first {@link PACKET_STORE_BYTES} are used: its beginning is that of its buffer. Default: its own */
  constructor(memory = new Uint8Array(PACKET_STORE_BYTES)) {
    this.#cells = memory;
    this.#words = new Int32Array(memory.buffer, memory.byteOffset, PACKET_STORE_BYTES / 4);
    this.clear();
  }

  /** Where a packet stands, or would, until the next {@link put}. */
  slotOf(sequence: number): number {
    return sequence & this.#mask;
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
   * @param first all that are held, this one too, have numbers from this one on @param last to this one, {@link STORED_PACKETS} at most
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
    if (last - first > this.#mask) this.#grow();
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
    if (this.#mask !== FEW_PACKETS - 1) this.#makeRoom(FEW_PACKETS);
    for (let slot = 0; slot <= this.#mask; slot += 1) this.release(slot);
  }

  #grow(): void {
    const fields = this.#fields;
    const payloads = this.#payloads;
    this.#makeRoom(STORED_PACKETS);
    for (let slot = 0; slot < payloads.length; slot += 1) {
      const at = slot * FIELDS;
      const sequence = fields[at + SEQUENCE] as number;
      if (sequence < 0) continue;
      const place = this.slotOf(sequence);
      this.#fields.set(fields.subarray(at, at + FIELDS), place * FIELDS);
      this.#payloads[place] = payloads[slot] as Uint8Array;
    }
  }

  #makeRoom(packets: number): void {
    this.#mask = packets - 1;
    this.#payloads = new Array<Uint8Array>(packets).fill(this.#cells);
    this.#fields = new Float64Array(packets * FIELDS).fill(-1);
  }
}
