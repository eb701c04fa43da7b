/** Of one piece, bytes: some forty messages of 60 ms. */
const PIECE_BYTES = 32 * 1024;
/** As much as several hundred calls send in one turn of the loop. */
const MAX_PIECES = 16;

/** Memory for frames one behind the other, used again when the network has had them all. */
export class FramePiece {
  readonly bytes = Buffer.allocUnsafeSlow(PIECE_BYTES);
  readonly words = new Int32Array(this.bytes.buffer);
  #used = 0;
  #waiting = 0;

  /** For `write`: the network has one of the frames, or never will. */
  readonly written = (): void => {
    this.#waiting -= 1;
  };

  /** Where a frame of so many bytes may lie until `written` is called, a multiple of 4; -1: there is no room. */
  take(bytes: number): number {
    if (this.#waiting === 0) this.#used = 0;
    const at = this.#used;
    if (at + bytes > PIECE_BYTES) return -1;
    this.#used = (at + bytes + 3) & ~3;
    this.#waiting += 1;
    return at;
  }
}

/**
 * Where messages lie from when they are made until the network has taken them, nearly always at once: a few pieces that all
 * connections of a thread use again and again. Of memory that is made for each message there would be megabytes to be collected.
 */
export class FrameMemory {
  /** The longest frame that there is room for. */
  readonly longest = PIECE_BYTES;
  #pieces: FramePiece[] = [];
  #current: FramePiece;
  #at = 0;

  constructor() {
    this.#current = this.#another();
  }

  /** Where in its piece the frame begins that {@link take} has made room for. */
  get at(): number {
    return this.#at;
  }

  /** Hot path. A piece with room for so much, at most {@link longest}. */
  take(bytes: number): FramePiece {
    this.#at = this.#current.take(bytes);
    if (this.#at < 0) this.#turn(bytes);
    return this.#current;
  }

  #turn(bytes: number): void {
    for (const piece of this.#pieces) {
      this.#at = piece.take(bytes);
      if (this.#at < 0) continue;
      this.#current = piece;
      return;
    }
    // All of them wait for networks that take nothing, which are given up before long: then they are collected.
    if (this.#pieces.length >= MAX_PIECES) this.#pieces = [];
    this.#current = this.#another();
    this.#at = this.#current.take(bytes);
  }

  #another(): FramePiece {
    const piece = new FramePiece();
    this.#pieces.push(piece);
    return piece;
  }
}
