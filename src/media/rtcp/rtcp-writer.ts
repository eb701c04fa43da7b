import { BYE, RECEIVER_REPORT, SENDER_REPORT, SOURCE_DESCRIPTION } from './rtcp-packet.js';

/** What a sender report says of what we sent (RFC 3550 section 6.4.1). */
export interface SenderInfo {
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  /** The same moment, on the clock of the RTP timestamps. */
  readonly rtpTimestamp: number;
  readonly packets: number;
  /** Of payload. */
  readonly octets: number;
}

/** One report block (RFC 3550 section 6.4.1), every field as on the wire. */
export interface ReportBlock {
  readonly ssrc: number;
  /** 0 to 255: of what was to come since the last report. */
  readonly fractionLost: number;
  /** Of the whole stream; 24 bits with a sign. */
  readonly cumulativeLost: number;
  readonly highestSequence: number;
  /** Units of the RTP timestamp. */
  readonly jitter: number;
  readonly lastSenderReport: number;
  readonly delaySinceLastSenderReport: number;
}

/** One compound packet: sender or receiver report, description with CNAME, and BYE where asked for. */
export interface RtcpReport {
  readonly ssrc: number;
  /** Absent in a receiver report. */
  readonly sender: SenderInfo | undefined;
  readonly block: ReportBlock | undefined;
  /** ASCII, at most 255 characters. */
  readonly cname: string;
  readonly bye: boolean;
}

const CNAME_ITEM = 1;
const MAX_LOST = 0x7f_ffff;

/** Writes a compound packet (RFC 3550 section 6.1: a report first, CNAME in each, BYE last). */
export function writeRtcp(report: RtcpReport): Buffer {
  const parts = [reportPacket(report), descriptionPacket(report)];
  if (report.bye) parts.push(header(BYE, 1, wordsOf(report.ssrc)));
  return Buffer.concat(parts);
}

function reportPacket({ ssrc, sender, block }: RtcpReport): Buffer {
  const words = [ssrc];
  if (sender !== undefined) {
    words.push(sender.ntpSeconds, sender.ntpFraction, sender.rtpTimestamp, sender.packets, sender.octets);
  }
  if (block !== undefined) {
    const lost = Math.max(-MAX_LOST - 1, Math.min(block.cumulativeLost, MAX_LOST)) & 0xff_ffff;
    words.push(block.ssrc, block.fractionLost * 0x100_0000 + lost, block.highestSequence, block.jitter);
    words.push(block.lastSenderReport, block.delaySinceLastSenderReport);
  }
  const type = sender === undefined ? RECEIVER_REPORT : SENDER_REPORT;
  return header(type, block === undefined ? 0 : 1, wordsOf(...words));
}

/** Section 6.5: one chunk with one item, and at least one zero byte to the next whole word. */
function descriptionPacket({ ssrc, cname }: RtcpReport): Buffer {
  const item = Buffer.alloc(4 * Math.ceil((2 + cname.length + 1) / 4));
  item[0] = CNAME_ITEM;
  item[1] = cname.length;
  item.write(cname, 2, 'latin1');
  return header(SOURCE_DESCRIPTION, 1, Buffer.concat([wordsOf(ssrc), item]));
}

function header(type: number, count: number, content: Buffer): Buffer {
  const bytes = Buffer.alloc(4);
  bytes[0] = 0x80 | count;
  bytes[1] = type;
  bytes.writeUInt16BE(content.length / 4, 2);
  return Buffer.concat([bytes, content]);
}

function wordsOf(...words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * words.length);
  for (const [index, word] of words.entries()) bytes.writeUInt32BE(word >>> 0, 4 * index);
  return bytes;
}
