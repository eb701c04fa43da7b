import { addressBytes } from '../../../base/ip-text.js';
import type { IpEndpoint } from '../../ip-literal.js';

/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * |0 0|     STUN message type     |         message length        |
 * |                         magic cookie                          |
 * |                  transaction id (96 bits)                     |      RFC 8489 section 5
 */
const HEADER_BYTES = 20;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const MAGIC_COOKIE = 0x2112_a442;
const XOR_MAPPED_ADDRESS = 0x0020;

/**
 * The answer to a STUN binding request, by which SIP phones over UDP keep their flow open and learn of a new mapping
 * (RFC 5626 sections 3.5.2 and 8). `undefined` for anything else.
 */
export function stunAnswer(request: Buffer, source: IpEndpoint): Buffer | undefined {
  if (request.length < HEADER_BYTES || request.readUInt16BE(0) !== BINDING_REQUEST) return undefined;
  const hasSoundLength = request.readUInt16BE(2) === request.length - HEADER_BYTES;
  if (!hasSoundLength || request.readUInt32BE(4) !== MAGIC_COOKIE) return undefined;
  // Cookie and transaction id, which the address is masked with (section 14.2).
  const mask = request.subarray(4, HEADER_BYTES);
  const address = addressBytes(source.address);
  const answer = Buffer.alloc(HEADER_BYTES + 8 + address.length);
  answer.writeUInt16BE(BINDING_SUCCESS, 0);
  answer.writeUInt16BE(answer.length - HEADER_BYTES, 2);
  mask.copy(answer, 4);
  answer.writeUInt16BE(XOR_MAPPED_ADDRESS, 20);
  answer.writeUInt16BE(4 + address.length, 22);
  answer.writeUInt8(address.length === 4 ? 1 : 2, 25);
  answer.writeUInt16BE(source.port ^ (MAGIC_COOKIE >>> 16), 26);
  for (const [index, byte] of address.entries()) answer.writeUInt8(byte ^ (mask[index] ?? 0), 28 + index);
  return answer;
}
