import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { readUint16, readUint32 } from '../octets.js';

/**
 * STUN messages (RFC 8489 section 5), as far as one who answers connectivity checks needs them:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |0 0|     STUN Message Type     |         Message Length        |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |                         Magic Cookie                          |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |                     Transaction ID (96 bits)                  |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * Attributes follow: type and length of 16 bits each, the value, and padding to a multiple of 4.
 */

export const STUN_HEADER_BYTES = 20;
export const MAGIC_COOKIE = 0x2112_a442;
/** What is mixed into the CRC, so that other protocols' do not look like it (RFC 8489 section 14.7). */
const FINGERPRINT_MASK = 0x5354_554e;
const INTEGRITY_BYTES = 20;
/** Of an attribute: type and length. */
export const ATTRIBUTE_HEADER_BYTES = 4;

/** Types of messages: class and method (RFC 8489 section 5). */
export const messageType = {
  bindingRequest: 0x0001,
  bindingIndication: 0x0011,
  bindingSuccess: 0x0101,
  bindingError: 0x0111,
} as const;

/** Types of attributes (RFC 8489 section 18.3, RFC 8445 section 16.1). */
export const attributeType = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  software: 0x8022,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const;

/** Below this, who does not know an attribute must not go on (RFC 8489 section 14). */
const FIRST_OPTIONAL_ATTRIBUTE = 0x8000;
const known: ReadonlySet<number> = new Set(Object.values(attributeType));
/** Of unknown attributes, more are not told. */
const MAX_UNKNOWN = 8;

/** What a message says. Values are views of its bytes. */
export interface StunMessage {
  readonly type: number;
  readonly transactionId: Uint8Array;
  /** Those we know, the first of each type; what follows MESSAGE-INTEGRITY proves nothing and is not here (RFC 8489 section 14.5). */
  readonly attributes: ReadonlyMap<number, Uint8Array>;
  /** Types of those that one has to know and we do not. */
  readonly unknown: readonly number[];
  /** Where MESSAGE-INTEGRITY begins; `undefined` where there is none. */
  readonly integrityAt: number | undefined;
}

/** Whether a datagram can be STUN at all, by what every message has in common. Cheap. */
function isStun(bytes: Uint8Array): boolean {
  return (
    bytes.length >= STUN_HEADER_BYTES &&
    (bytes[0] as number) < 4 &&
    STUN_HEADER_BYTES + readUint16(bytes, 2) === bytes.length &&
    bytes.length % 4 === 0 &&
    readUint32(bytes, 4) === MAGIC_COOKIE
  );
}

/**
 * Reads one datagram. Every length is held against what is there. A FINGERPRINT that is there has to be right: what one
 * key costs to check is not spent on noise.
 * @returns `undefined` for what is no STUN message
 */
export function parseStun(bytes: Uint8Array): StunMessage | undefined {
  if (!isStun(bytes)) return undefined;
  const attributes = new Map<number, Uint8Array>();
  const unknown: number[] = [];
  let integrityAt: number | undefined;
  for (let at = STUN_HEADER_BYTES; at < bytes.length; ) {
    const type = readUint16(bytes, at);
    const length = readUint16(bytes, at + 2);
    const start = at + ATTRIBUTE_HEADER_BYTES;
    const next = start + ((length + 3) & ~3);
    if (next > bytes.length) return undefined;
    if (type === attributeType.fingerprint) {
      // The last of all (RFC 8489 section 14.7).
      if (length !== 4 || next !== bytes.length) return undefined;
      if (readUint32(bytes, start) !== fingerprintOf(bytes.subarray(0, at))) return undefined;
    } else if (integrityAt === undefined) {
      if (type === attributeType.messageIntegrity) {
        if (length !== INTEGRITY_BYTES) return undefined;
        integrityAt = at;
      } else if (!known.has(type)) {
        if (type < FIRST_OPTIONAL_ATTRIBUTE && unknown.length < MAX_UNKNOWN) unknown.push(type);
      } else if (!attributes.has(type)) attributes.set(type, bytes.subarray(start, start + length));
    }
    at = next;
  }
  const transactionId = bytes.subarray(8, STUN_HEADER_BYTES);
  return { type: readUint16(bytes, 0), transactionId, attributes, unknown, integrityAt };
}

/** Whether MESSAGE-INTEGRITY is that of the key (RFC 8489 section 14.5). Takes as long for any wrong one. */
export function isAuthentic(bytes: Uint8Array, { integrityAt }: StunMessage, key: string): boolean {
  if (integrityAt === undefined) return false;
  const start = integrityAt + ATTRIBUTE_HEADER_BYTES;
  const given = bytes.subarray(start, start + INTEGRITY_BYTES);
  return timingSafeEqual(given, integrityOf(bytes.subarray(0, integrityAt), key));
}

/**
 * The HMAC of the message before MESSAGE-INTEGRITY.
 * @param before its bytes; the length in them is taken as if it ended with that attribute
 */
export function integrityOf(before: Uint8Array, key: string): Buffer {
  const header = Buffer.from(before.subarray(0, 4));
  header.writeUInt16BE(before.length - STUN_HEADER_BYTES + ATTRIBUTE_HEADER_BYTES + INTEGRITY_BYTES, 2);
  return createHmac('sha1', key).update(header).update(before.subarray(4)).digest();
}

/** FINGERPRINT of a message whose length counts that attribute already. @param before its bytes before the attribute */
export function fingerprintOf(before: Uint8Array): number {
  return (crc32(before) ^ FINGERPRINT_MASK) >>> 0;
}
