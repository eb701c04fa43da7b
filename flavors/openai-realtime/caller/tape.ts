/** Memory that grew is given back where it has become so many times what is kept as a rule: short turns change nothing. */
const ROOMY = 4;

/**
 * The last moments of what the caller said: a ring of bytes that grows while something must be kept, to a limit, and
 * forgets the oldest beyond that. Positions count all bytes ever written.
 */
export class Tape {
  readonly #keepBytes: number;
  readonly #maxBytes: number;
  #ring: Uint8Array;
  #start = 0;
  #end = 0;
  #heldFrom: number | undefined;

  /**
   * @param keepBytes Kept while nothing is held.
   * @param maxBytes The most that is kept.
   */
  constructor(keepBytes: number, maxBytes: number) {
    this.#keepBytes = keepBytes;
    this.#maxBytes = maxBytes;
    this.#ring = new Uint8Array(keepBytes);
  }

  /** Memory that it takes. */
  get roomBytes(): number {
    return this.#ring.length;
  }

  /** Position of the oldest byte kept. */
  get start(): number {
    return this.#start;
  }

  /** Position after the newest byte. */
  get end(): number {
    return this.#end;
  }

  /** Hot path. `data` is copied. */
  write(data: Uint8Array): void {
    if (data.length > this.#ring.length) {
      this.#skip(data.length);
      return;
    }
    this.#makeRoom(data.length);
    const at = this.#end % this.#ring.length;
    const first = Math.min(data.length, this.#ring.length - at);
    if (first === data.length) {
      this.#ring.set(data, at);
    } else {
      this.#ring.set(data.subarray(0, first), at);
      this.#ring.set(data.subarray(first), 0);
    }
    this.#end += data.length;
    const kept = this.#heldFrom === undefined ? this.#keepBytes : this.#ring.length;
    this.#start = Math.max(this.#start, this.#end - kept);
  }

  /** Keeps everything from `position` on, as far as there is room; `undefined`: forgets again as time passes. */
  hold(position: number | undefined): void {
    this.#heldFrom = position;
    if (position !== undefined) {
      this.#start = Math.max(this.#start, Math.min(position, this.#end - this.#keepBytes));
      return;
    }
    this.#start = Math.max(this.#start, this.#end - this.#keepBytes);
    if (this.#ring.length > ROOMY * this.#keepBytes) this.#resize(this.#keepBytes);
  }

  /** A copy of the bytes from `position` on, at most `bytes`. */
  read(position: number, bytes: number): Buffer {
    const from = Math.max(position, this.#start);
    const length = Math.max(0, Math.min(bytes, this.#end - from));
    const copy = Buffer.allocUnsafe(length);
    const at = from % this.#ring.length;
    const first = Math.min(length, this.#ring.length - at);
    copy.set(this.#ring.subarray(at, at + first), 0);
    copy.set(this.#ring.subarray(0, length - first), first);
    return copy;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#end + bytes - this.#start;
    if (needed <= this.#ring.length) return;
    if (this.#heldFrom !== undefined && this.#ring.length < this.#maxBytes) {
      this.#resize(Math.min(this.#maxBytes, Math.max(this.#ring.length * 2, needed)));
    }
    this.#start = Math.max(this.#start, this.#end + bytes - this.#ring.length);
  }

  /** @param bytes room for all that is kept */
  #resize(bytes: number): void {
    const kept = this.read(this.#start, this.#end - this.#start);
    this.#ring = new Uint8Array(bytes);
    const at = this.#start % this.#ring.length;
    const first = Math.min(kept.length, this.#ring.length - at);
    this.#ring.set(kept.subarray(0, first), at);
    this.#ring.set(kept.subarray(first), 0);
  }

  #skip(bytes: number): void {
    this.#end += bytes;
    this.#start = this.#end;
  }
}
