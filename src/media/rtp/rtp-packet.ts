import { readUint16, readUint32, writeUint32 } from '../octets.js';

/**
 * RTP data packets, RFC 3550 section 5.1:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |                           timestamp                           |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |           synchronization source (SSRC) identifier            |
 *     +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 *     |            contributing source (CSRC) identifiers             |
 *     |                             ....                              |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */

/** Length of the fixed header. */
export const RTP_HEADER_BYTES = 12;

/** Why bytes are not an RTP packet. A bounded set: it names a metric. */
export type RtpDefect = 'not-rtp' | 'csrc' | 'extension' | 'padding';

/** The fields of one packet. Made once, filled by {@link parseRtp} for each packet. */
export class RtpPacket {
  marker = false;
  payloadType = 0;
  /** 0 to 65,535. */
  sequence = 0;
  /** 0 to 2^32 - 1, in units of the payload's clock. */
  timestamp = 0;
  ssrc = 0;
  /** Where in the bytes given the payload begins, and how long it is without padding. */
  payloadOffset = 0;
  payloadBytes = 0;
}

/** Cheap look at length and version: whether bytes can be RTP at all (and not STUN, DTLS, T.38 or noise). */
export function isRtp(bytes: Uint8Array, start = 0, length = bytes.length): boolean {
  return length >= RTP_HEADER_BYTES && (bytes[start] as number) >> 6 === 2;
}

/**
 * Reads a packet, `length` of the bytes from `start` on, into `packet`. Every length a sender can lie about is held against
 * what is there (RFC 3550 A.1).
 * @returns the defect, in which case `packet` holds rubbish, or `undefined`
 */
export function parseRtp(
  bytes: Uint8Array,
  packet: RtpPacket,
  start = 0,
  length = bytes.length,
): RtpDefect | undefined {
  if (!isRtp(bytes, start, length)) return 'not-rtp';
  const first = bytes[start] as number;
  const second = bytes[start + 1] as number;
  let offset = start + RTP_HEADER_BYTES + 4 * (first & 0x0f);
  let end = start + length;
  if (offset > end) return 'csrc';
  if (first & 0x10) {
    // RFC 3550 section 5.3.1: 16 bits of profile, 16 bits of length in words that follow.
    if (offset + 4 > end) return 'extension';
    offset += 4 + 4 * readUint16(bytes, offset + 2);
    if (offset > end) return 'extension';
  }
  if (first & 0x20) {
    // The last byte counts the padding, itself included.
    const padding = bytes[end - 1] as number;
    if (padding === 0 || offset + padding > end) return 'padding';
    end -= padding;
  }
  packet.marker = second >= 0x80;
  packet.payloadType = second & 0x7f;
  packet.sequence = readUint16(bytes, start + 2);
  packet.timestamp = readUint32(bytes, start + 4);
  packet.ssrc = readUint32(bytes, start + 8);
  packet.payloadOffset = offset;
  packet.payloadBytes = end - offset;
  return undefined;
}

/**
 * Writes a fixed header without CSRC, extension or padding into the first {@link RTP_HEADER_BYTES} of `bytes`.
 * @param sequence 16 bits of it are used
 * @param timestamp 32 bits of it are used
 */
export function writeRtpHeader(
  bytes: Uint8Array,
  marker: boolean,
  payloadType: number,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  bytes[0] = 0x80;
  bytes[1] = (marker ? 0x80 : 0) | (payloadType & 0x7f);
  bytes[2] = sequence >> 8;
  bytes[3] = sequence;
  writeUint32(bytes, 4, timestamp);
  writeUint32(bytes, 8, ssrc);
}
