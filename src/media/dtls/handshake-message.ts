import { unsigned } from './octets-out.js';

/** Handshake types (RFC 5246 section 7.4). */
export const handshakeType = {
  clientHello: 1,
  serverHello: 2,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

/** RFC 6347 section 4.2.2: type, length (24 bits), message_seq, fragment_offset (24), fragment_length (24). */
export const HANDSHAKE_HEADER_BYTES = 12;

export interface HandshakeMessage {
  readonly type: number;
  /** `message_seq`. */
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** A part of a message, as a record carries it. */
export interface HandshakeFragment {
  readonly type: number;
  readonly sequence: number;
  /** Of the whole message, bytes. */
  readonly length: number;
  readonly offset: number;
  /** A view. */
  readonly body: Uint8Array;
}

/** The fragments in a record, up to the first that is none. @param payload borrowed */
export function parseFragments(payload: Uint8Array): readonly HandshakeFragment[] {
  const view = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const fragments: HandshakeFragment[] = [];
  let at = 0;
  while (at + HANDSHAKE_HEADER_BYTES <= view.length) {
    const length = view.readUIntBE(at + 1, 3);
    const offset = view.readUIntBE(at + 6, 3);
    const bytes = view.readUIntBE(at + 9, 3);
    const start = at + HANDSHAKE_HEADER_BYTES;
    if (offset + bytes > length || start + bytes > view.length) break;
    const body = payload.subarray(start, start + bytes);
    fragments.push({ type: view[at] as number, sequence: view.readUInt16BE(at + 4), length, offset, body });
    at = start + bytes;
  }
  return fragments;
}

/**
 * A message in fragments with their headers.
 * @param maxBytes of a fragment, without its header
 */
export function writeFragments(message: HandshakeMessage, maxBytes: number): readonly Uint8Array[] {
  const { body } = message;
  const fragments: Uint8Array[] = [];
  for (let offset = 0; offset === 0 || offset < body.length; offset += maxBytes) {
    fragments.push(writeFragment(message, offset, Math.min(maxBytes, body.length - offset)));
  }
  return fragments;
}

/** A message as the hash over the handshake has it: in one piece (RFC 6347 section 4.2.6). */
export function writeWhole(message: HandshakeMessage): Uint8Array {
  return writeFragment(message, 0, message.body.length);
}

function writeFragment({ type, sequence, body }: HandshakeMessage, offset: number, bytes: number): Uint8Array {
  return Buffer.concat([
    unsigned(type, 1),
    unsigned(body.length, 3),
    unsigned(sequence, 2),
    unsigned(offset, 3),
    unsigned(bytes, 3),
    body.subarray(offset, offset + bytes),
  ]);
}
