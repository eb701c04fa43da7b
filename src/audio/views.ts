/** How many lengths are remembered: a stream of constant frames needs one, an uneven ratio two or three. */
const REMEMBERED = 8;

/**
 * A growing 16-bit buffer that lends views of its beginning. Views of recent lengths are kept, so that a stream of
 * equal frames allocates nothing.
 */
export class Int16Views {
  #buffer = new Int16Array(0);
  #views: Int16Array[] = [];

  /** The first `length` samples, contents undefined; valid until the next `take`. */
  take(length: number): Int16Array {
    for (let i = 0; i < this.#views.length; i += 1) {
      const view = this.#views[i] as Int16Array;
      if (view.length === length) return view;
    }
    if (length > this.#buffer.length) {
      this.#buffer = new Int16Array(length);
      this.#views = [];
    }
    const view = this.#buffer.subarray(0, length);
    if (this.#views.length === REMEMBERED) this.#views.shift();
    this.#views.push(view);
    return view;
  }
}

/** Samples, and the same memory as bytes. */
export interface Pcm16View {
  readonly samples: Int16Array;
  readonly bytes: Uint8Array;
}

/** The same for samples that come or go as bytes. */
export class Pcm16Views {
  #buffer = new ArrayBuffer(0);
  #views: Pcm16View[] = [];

  /** The first `length` samples, contents undefined; valid until the next `take`. */
  take(length: number): Pcm16View {
    for (let i = 0; i < this.#views.length; i += 1) {
      const view = this.#views[i] as Pcm16View;
      if (view.samples.length === length) return view;
    }
    if (2 * length > this.#buffer.byteLength) {
      this.#buffer = new ArrayBuffer(2 * length);
      this.#views = [];
    }
    const view = {
      samples: new Int16Array(this.#buffer, 0, length),
      bytes: new Uint8Array(this.#buffer, 0, 2 * length),
    };
    if (this.#views.length === REMEMBERED) this.#views.shift();
    this.#views.push(view);
    return view;
  }
}

/** The same for bytes. */
export class Uint8Views {
  #buffer = new Uint8Array(0);
  #views: Uint8Array[] = [];

  /** The first `length` bytes, contents undefined; valid until the next `take`. */
  take(length: number): Uint8Array {
    for (let i = 0; i < this.#views.length; i += 1) {
      const view = this.#views[i] as Uint8Array;
      if (view.length === length) return view;
    }
    if (length > this.#buffer.length) {
      this.#buffer = new Uint8Array(length);
      this.#views = [];
    }
    const view = this.#buffer.subarray(0, length);
    if (this.#views.length === REMEMBERED) this.#views.shift();
    this.#views.push(view);
    return view;
  }
}
