/**
 * RTCP, as far as a receiver of one audio stream needs it. Every packet of a compound begins (RFC 3550 section 6.4.1):
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |V=2|P|  count  |      PT       |    length in words, minus 1   |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */

const HEADER_BYTES = 4;
const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const BYE = 203;
const SENDER_INFO_BYTES = 24;
const REPORT_BLOCK_BYTES = 24;

/** What one compound packet holds. Made once, filled by {@link parseRtcp} for each. */
export class RtcpSummary {
  senderReports = 0;
  receiverReports = 0;
  /** A source said goodbye. Says nothing about the call, which SIP ends: a mixer or a re-INVITE sends these too. */
  byes = 0;
}

/**
 * Whether a packet on the RTP port is RTCP: RFC 5761 section 4 keeps the payload types 64 to 95 free, so that a second
 * byte of 192 to 223 is never an RTP packet with its marker set.
 */
export function isRtcp(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES || (bytes[0] as number) >> 6 !== 2) return false;
  const type = bytes[1] as number;
  return type >= 192 && type <= 223;
}

/**
 * Checks a compound packet (RFC 3550 A.2; reduced-size packets of RFC 5506 pass too) and says what is in it.
 * @returns whether all lengths add up; if not, `summary` is not to be used
 */
export function parseRtcp(bytes: Uint8Array, summary: RtcpSummary): boolean {
  summary.senderReports = 0;
  summary.receiverReports = 0;
  summary.byes = 0;
  if (bytes.length < HEADER_BYTES) return false;
  let offset = 0;
  while (offset < bytes.length) {
    if (offset + HEADER_BYTES > bytes.length) return false;
    const first = bytes[offset] as number;
    const type = bytes[offset + 1] as number;
    const words = ((bytes[offset + 2] as number) << 8) | (bytes[offset + 3] as number);
    const end = offset + HEADER_BYTES + 4 * words;
    if (first >> 6 !== 2 || type < 192 || type > 223 || end > bytes.length) return false;
    let contentEnd = end;
    if (first & 0x20) {
      // Only the last packet of a compound may be padded.
      const padding = bytes[end - 1] as number;
      if (end !== bytes.length || padding === 0 || padding % 4 !== 0) return false;
      contentEnd -= padding;
    }
    if (contentEnd - offset < leastBytes(type, first & 0x1f)) return false;
    if (type === SENDER_REPORT) summary.senderReports += 1;
    else if (type === RECEIVER_REPORT) summary.receiverReports += 1;
    else if (type === BYE) summary.byes += 1;
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
