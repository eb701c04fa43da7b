import { readUint16, readUint32 } from '../octets.js';

/**
 * RTCP, as far as one end of one audio stream needs it. Every packet of a compound begins (RFC 3550 section 6.4.1):
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |V=2|P|  count  |      PT       |    length in words, minus 1   |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */

const HEADER_BYTES = 4;
export const SENDER_REPORT = 200;
export const RECEIVER_REPORT = 201;
export const SOURCE_DESCRIPTION = 202;
export const BYE = 203;
const SENDER_INFO_BYTES = 24;
const REPORT_BLOCK_BYTES = 24;

/** What one compound packet holds. Made once, filled by {@link parseRtcp} for each. */
export class RtcpSummary {
  #ownSsrc: number;
  /** Somebody else reports under our SSRC. */
  collision = false;
  senderReports = 0;
  receiverReports = 0;
  /** A source said goodbye. Says nothing about the call, which SIP ends: a mixer or a re-INVITE sends these too. */
  byes = 0;
  /** Of the last sender report: its source, and the middle 32 bits of its NTP timestamp. */
  senderSsrc = 0;
  senderTime = 0;
  /** A report block about us was there; what follows is the last one. */
  reported = false;
  /** Packets of ours that did not come, of all that we sent; negative where duplicates outnumber them. */
  lost = 0;
  /** Units of the RTP timestamp. */
  jitter = 0;
  /** {@link senderTime} of the sender report of ours that came last, and the time since then in 1/65,536 s. */
  lastReport = 0;
  delaySinceLastReport = 0;

  constructor(ownSsrc = 0) {
    this.#ownSsrc = ownSsrc;
  }

  /** Before a packet is read. @param ownSsrc ours: report blocks about others are their business */
  clear(ownSsrc = this.#ownSsrc): void {
    this.#ownSsrc = ownSsrc;
    this.collision = false;
    this.senderReports = 0;
    this.receiverReports = 0;
    this.byes = 0;
    this.reported = false;
  }

  /** A report of `ssrc` begins. */
  takeReporter(ssrc: number): void {
    if (ssrc === this.#ownSsrc) this.collision = true;
  }

  /** Reads `count` report blocks from `offset` on (RFC 3550 section 6.4.1). */
  takeBlocks(bytes: Uint8Array, offset: number, count: number): void {
    for (let block = offset; block < offset + count * REPORT_BLOCK_BYTES; block += REPORT_BLOCK_BYTES) {
      if (readUint32(bytes, block) !== this.#ownSsrc) continue;
      this.reported = true;
      // 24 bits with a sign.
      this.lost = (readUint32(bytes, block + 4) << 8) >> 8;
      this.jitter = readUint32(bytes, block + 12);
      this.lastReport = readUint32(bytes, block + 16);
      this.delaySinceLastReport = readUint32(bytes, block + 20);
    }
  }
}

/**
 * Whether a packet on the RTP port is RTCP: RFC 5761 section 4 keeps the payload types 64 to 95 free, so that a second
 * byte of 192 to 223 is never an RTP packet with its marker set.
 */
export function isRtcp(bytes: Uint8Array, offset = 0, length = bytes.length): boolean {
  if (length < HEADER_BYTES || (bytes[offset] as number) >> 6 !== 2) return false;
  const type = bytes[offset + 1] as number;
  return type >= 192 && type <= 223;
}

/**
 * Checks a compound packet (RFC 3550 A.2; reduced-size packets of RFC 5506 pass too) and says what is in it.
 * @param ownSsrc default: that of the packet before
 * @returns whether all lengths add up; if not, `summary` is not to be used
 */
export function parseRtcp(bytes: Uint8Array, summary: RtcpSummary, ownSsrc?: number): boolean {
  summary.clear(ownSsrc);
  if (bytes.length < HEADER_BYTES) return false;
  let offset = 0;
  while (offset < bytes.length) {
    if (offset + HEADER_BYTES > bytes.length) return false;
    const first = bytes[offset] as number;
    const type = bytes[offset + 1] as number;
    const words = readUint16(bytes, offset + 2);
    const end = offset + HEADER_BYTES + 4 * words;
    if (first >> 6 !== 2 || type < 192 || type > 223 || end > bytes.length) return false;
    let contentEnd = end;
    if (first & 0x20) {
      // Only the last packet of a compound may be padded.
      const padding = bytes[end - 1] as number;
      if (end !== bytes.length || padding === 0 || padding % 4 !== 0) return false;
      contentEnd -= padding;
    }
    const count = first & 0x1f;
    if (contentEnd - offset < leastBytes(type, count)) return false;
    if (type === SENDER_REPORT) {
      summary.senderReports += 1;
      summary.senderSsrc = readUint32(bytes, offset + 4);
      summary.takeReporter(summary.senderSsrc);
      summary.senderTime = readUint32(bytes, offset + 10);
      summary.takeBlocks(bytes, offset + HEADER_BYTES + SENDER_INFO_BYTES, count);
    } else if (type === RECEIVER_REPORT) {
      summary.receiverReports += 1;
      summary.takeReporter(readUint32(bytes, offset + 4));
      summary.takeBlocks(bytes, offset + HEADER_BYTES + 4, count);
    } else if (type === BYE) {
      summary.byes += 1;
    }
    offset = end;
  }
  return true;
}

/** What a packet of `type` with `count` items takes at least, bytes. */
function leastBytes(type: number, count: number): number {
  switch (type) {
    case SENDER_REPORT:
      return HEADER_BYTES + SENDER_INFO_BYTES + REPORT_BLOCK_BYTES * count;
    case RECEIVER_REPORT:
      return HEADER_BYTES + 4 + REPORT_BLOCK_BYTES * count;
    case BYE:
      return HEADER_BYTES + 4 * count;
    default:
      return HEADER_BYTES;
  }
}
