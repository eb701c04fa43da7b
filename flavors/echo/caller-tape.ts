/** One second of speech a block: small enough to give back, large enough to be few. */
const BLOCK_MS = 1_000;

export interface CallerTapeOptions {
  readonly bytesPerMs: number;
  /** What is kept while nothing is held, ms. */
  readonly keepMs: number;
  /** The most that is kept, ms. When it is reached, what follows is not recorded. */
  readonly maxMs: number;
}

/**
 * The last moments of what the caller said and, once a stretch is held, all since its beginning. Positions are those
 * of the frames, ms. Memory is bounded; while nothing is held, writing allocates nothing.
 */
export class CallerTape {
  readonly #bytesPerMs: number;
  readonly #keepMs: number;
  readonly #maxBytes: number;
  #blocks: Uint8Array[] = [];
  #bytes = 0;
  #startMs = 0;
  #heldFromMs: number | undefined;

  constructor(options: CallerTapeOptions) {
    this.#bytesPerMs = options.bytesPerMs;
    this.#keepMs = options.keepMs;
    this.#maxBytes = options.maxMs * options.bytesPerMs;
  }

  /** Position after the last sample on the tape. */
  get endMs(): number {
    return this.#startMs + this.#bytes / this.#bytesPerMs;
  }

  /** Hot path. `data` is copied. */
  write(data: Uint8Array, positionMs: number): void {
    if (this.#heldFromMs === undefined && positionMs !== this.endMs) this.#restart(positionMs);
    const blockBytes = BLOCK_MS * this.#bytesPerMs;
    const length = Math.min(data.length, this.#maxBytes - this.#bytes);
    for (let done = 0; done < length; ) {
      const offset = this.#bytes % blockBytes;
      const block = offset === 0 ? this.#nextBlock() : this.#blocks.at(-1);
      if (!block) return;
      const part = Math.min(length - done, blockBytes - offset);
      block.set(data.subarray(done, done + part), offset);
      this.#bytes += part;
      done += part;
    }
  }

  /** Keeps everything from `fromMs` on, or from as far back as the tape reaches. */
  hold(fromMs: number): void {
    this.#heldFromMs = Math.max(fromMs, this.#startMs);
  }

  /** Ends a hold; the past is forgotten again as it grows old. */
  release(): void {
    this.#heldFromMs = undefined;
  }

  /** A copy of what lies between two positions, as far as it is on the tape. */
  cut(fromMs: number, toMs: number): Uint8Array {
    const from = this.#offset(fromMs);
    const to = Math.max(this.#offset(toMs), from);
    const cut = new Uint8Array(to - from);
    const blockBytes = BLOCK_MS * this.#bytesPerMs;
    for (let done = 0; done < cut.length; ) {
      const at = from + done;
      const block = this.#blocks[Math.floor(at / blockBytes)];
      if (!block) break;
      const offset = at % blockBytes;
      const part = block.subarray(offset, Math.min(blockBytes, offset + cut.length - done));
      cut.set(part, done);
      done += part.length;
    }
    return cut;
  }

  /** Offset of a position, at a whole millisecond so that no sample is cut in two. */
  #offset(positionMs: number): number {
    const bytes = Math.round(positionMs - this.#startMs) * this.#bytesPerMs;
    return Math.min(Math.max(bytes, 0), this.#bytes);
  }

  /** An empty block at the end: one that has grown old, if nothing is held, else a new one. */
  #nextBlock(): Uint8Array {
    const blockBytes = BLOCK_MS * this.#bytesPerMs;
    let block: Uint8Array | undefined;
    while (this.#heldFromMs === undefined && (this.#blocks.length - 1) * BLOCK_MS >= this.#keepMs) {
      block = this.#blocks.shift();
      this.#bytes -= blockBytes;
      this.#startMs += BLOCK_MS;
    }
    block ??= new Uint8Array(blockBytes);
    this.#blocks.push(block);
    return block;
  }

  #restart(positionMs: number): void {
    this.#blocks = this.#blocks.slice(0, 0);
    this.#bytes = 0;
    this.#startMs = positionMs;
  }
}
