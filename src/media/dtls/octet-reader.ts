import { HandshakeFault } from './handshake-fault.js';

/**
 * Reads the presentation language of RFC 5246 section 4: every length is checked before it is used. What does not fit is
 * a {@link HandshakeFault} of `decode_error`. What it returns is a view.
 */
export class OctetReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint16(): number {
    return this.#unsigned(2);
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new HandshakeFault('decode_error', 'a message is too short for what it says');
    const view = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return view;
  }

  /** A vector of variable length. @param lengthBytes of its length: 1 to 3 */
  vector(lengthBytes: 1 | 2 | 3): Uint8Array {
    return this.bytes(this.#unsigned(lengthBytes));
  }

  /** A vector of 16-bit numbers. */
  uint16s(lengthBytes: 1 | 2): readonly number[] {
    const reader = new OctetReader(this.vector(lengthBytes));
    const values: number[] = [];
    while (!reader.isAtEnd) values.push(reader.uint16());
    return values;
  }

  /** Nothing may follow. */
  end(): void {
    if (!this.isAtEnd) throw new HandshakeFault('decode_error', 'a message is longer than what it says');
  }

  #unsigned(bytes: number): number {
    return this.bytes(bytes).reduce((value, byte) => value * 256 + byte, 0);
  }
}
