import type { HandshakeFragment, HandshakeMessage } from './handshake-message.js';

/** Of one message. ClientHellos and certificates of browsers have 2 kB at most. */
const MAX_MESSAGE_BYTES = 16_384;
/** How far a message may be ahead of the one that is waited for. A flight of a client has five. */
const MAX_AHEAD = 8;
/**
 * Of all messages of a handshake, those that were begun anew included. Whoever claims messages of 16 kB in fragments of a few
 * bytes would have the media thread write megabytes for each datagram. Browsers send 3 kB, a chain of RSA certificates has 8.
 */
const MAX_BYTES = 131_072;

interface Unfinished {
  readonly type: number;
  readonly body: Uint8Array;
  /** Which bytes of it are there. */
  readonly there: Uint8Array;
  missing: number;
}

/**
 * Messages of the peer from fragments that come in any order, overlapping or again (RFC 6347 section 4.2.3). Given out in
 * the order of their `message_seq`. Nothing in the clear gets in the way of what comes protected: epochs are kept apart.
 */
export class Reassembly {
  readonly #partials = new Map<string, Unfinished>();
  #next = 0;
  #bytesLeft = MAX_BYTES;

  /** `message_seq` of the message that {@link take} waits for. */
  get next(): number {
    return this.#next;
  }

  /** Keeps a copy of what is of use; the rest is dropped without a word. */
  add(epoch: number, { type, sequence, length, offset, body }: HandshakeFragment): void {
    if (length > MAX_MESSAGE_BYTES || sequence < this.#next || sequence >= this.#next + MAX_AHEAD) return;
    // It brings nothing.
    if (body.length === 0 && length > 0) return;
    const key = keyOf(epoch, sequence);
    let partial = this.#partials.get(key);
    // One of the two is forged. The newer one is taken: a repetition of the peer's then mends it.
    if (partial === undefined || partial.type !== type || partial.body.length !== length) {
      if (length > this.#bytesLeft) return;
      this.#bytesLeft -= length;
      partial = { type, body: new Uint8Array(length), there: new Uint8Array(length), missing: length };
      this.#partials.set(key, partial);
    }
    for (let i = 0; i < body.length; i += 1) {
      if (partial.there[offset + i] === 1) continue;
      partial.there[offset + i] = 1;
      partial.body[offset + i] = body[i] as number;
      partial.missing -= 1;
    }
  }

  /** The next message, once it is whole. @param epoch that it has to come under */
  take(epoch: number): HandshakeMessage | undefined {
    const partial = this.#partials.get(keyOf(epoch, this.#next));
    if (partial === undefined || partial.missing > 0) return undefined;
    const sequence = this.#next;
    this.#next += 1;
    for (const other of [0, 1]) this.#partials.delete(keyOf(other, sequence));
    return { type: partial.type, sequence, body: partial.body };
  }
}

function keyOf(epoch: number, sequence: number): string {
  return `${epoch}/${sequence}`;
}
