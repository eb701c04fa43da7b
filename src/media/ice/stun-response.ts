import { addressBytes } from '../../base/ip-text.js';
import type { RemoteAddress } from '../sockets/remote-address.js';
import {
  ATTRIBUTE_HEADER_BYTES,
  attributeType,
  fingerprintOf,
  integrityOf,
  MAGIC_COOKIE,
  messageType,
  STUN_HEADER_BYTES,
} from './stun-message.js';

/** What a request is refused with (RFC 8489 section 14.8, RFC 8445 section 16.2). */
export const stunErrors = {
  unknownAttribute: { code: 420, reason: 'Unknown Attribute' },
  roleConflict: { code: 487, reason: 'Role Conflict' },
} as const;

export type StunError = (typeof stunErrors)[keyof typeof stunErrors];

/**
 * Answers a check: where it came from, as we see it (RFC 8489 section 14.2).
 * @param transactionId of the request
 * @param key that the request was authentic with
 */
export function bindingSuccess(transactionId: Uint8Array, from: RemoteAddress, key: string): Buffer {
  const address = addressBytes(from.address);
  const value = Buffer.alloc(4 + address.length);
  value[1] = address.length === 4 ? 1 : 2;
  value.writeUInt16BE(from.port ^ (MAGIC_COOKIE >>> 16), 2);
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(MAGIC_COOKIE);
  mask.set(transactionId, 4);
  for (const [index, byte] of address.entries()) value[4 + index] = byte ^ (mask[index] as number);
  return writeResponse(messageType.bindingSuccess, transactionId, [[attributeType.xorMappedAddress, value]], key);
}

/** Refuses a check. @param unknown the attributes that are, with `unknownAttribute` */
export function bindingError(
  transactionId: Uint8Array,
  { code, reason }: StunError,
  key: string,
  unknown: readonly number[] = [],
): Buffer {
  const errorCode = Buffer.concat([Buffer.from([0, 0, Math.floor(code / 100), code % 100]), Buffer.from(reason)]);
  const attributes: Attribute[] = [[attributeType.errorCode, errorCode]];
  if (unknown.length > 0) {
    const types = Buffer.alloc(2 * unknown.length);
    for (const [index, type] of unknown.entries()) types.writeUInt16BE(type, 2 * index);
    attributes.push([attributeType.unknownAttributes, types]);
  }
  return writeResponse(messageType.bindingError, transactionId, attributes, key);
}

type Attribute = readonly [type: number, value: Uint8Array];

/** With MESSAGE-INTEGRITY and FINGERPRINT behind the attributes. */
function writeResponse(type: number, transactionId: Uint8Array, attributes: readonly Attribute[], key: string): Buffer {
  const header = Buffer.alloc(STUN_HEADER_BYTES);
  header.writeUInt16BE(type, 0);
  header.writeUInt32BE(MAGIC_COOKIE, 4);
  header.set(transactionId, 8);
  const before = Buffer.concat([header, ...attributes.map(attributeBytes)]);
  const sealed = Buffer.concat([before, attributeBytes([attributeType.messageIntegrity, integrityOf(before, key)])]);
  const fingerprint = Buffer.alloc(4);
  sealed.writeUInt16BE(sealed.length - STUN_HEADER_BYTES + ATTRIBUTE_HEADER_BYTES + fingerprint.length, 2);
  fingerprint.writeUInt32BE(fingerprintOf(sealed));
  return Buffer.concat([sealed, attributeBytes([attributeType.fingerprint, fingerprint])]);
}

function attributeBytes([type, value]: Attribute): Buffer {
  const bytes = Buffer.alloc(ATTRIBUTE_HEADER_BYTES + ((value.length + 3) & ~3));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  bytes.set(value, ATTRIBUTE_HEADER_BYTES);
  return bytes;
}
