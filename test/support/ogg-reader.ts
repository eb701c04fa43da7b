import { OPUS_SAMPLE_RATE, type OpusLibrary } from '../../src/media/opus/opus-library.js';

/** A page of Ogg, its checksum proven. */
export interface OggPage {
  readonly kind: number;
  readonly granule: number;
  readonly serial: number;
  readonly sequence: number;
  readonly packets: readonly Buffer[];
}

const POLYNOMIAL = 0x04c1_1db7;

/** Reads whole pages from the beginning, as a player does; the first that is cut off ends the file. Throws on a bad one. */
export function readOgg(bytes: Buffer): readonly OggPage[] {
  const pages: OggPage[] = [];
  let at = 0;
  while (at + 27 <= bytes.length) {
    if (bytes.toString('latin1', at, at + 4) !== 'OggS') throw new Error(`no page at byte ${at}`);
    const segments = bytes.subarray(at + 27, at + 27 + (bytes[at + 26] ?? 0));
    const start = at + 27 + (bytes[at + 26] ?? 0);
    const end = start + segments.reduce((sum, length) => sum + length, 0);
    if (end > bytes.length) break;
    const page = Buffer.from(bytes.subarray(at, end));
    const checksum = page.readUInt32LE(22);
    page.writeUInt32LE(0, 22);
    if (remainderOf(page) !== checksum) throw new Error(`the page at byte ${at} is not what was written`);
    const packets: Buffer[] = [];
    let from = start;
    let length = 0;
    for (const segment of segments) {
      length += segment;
      if (segment === 255) continue;
      packets.push(bytes.subarray(from, from + length));
      from += length;
      length = 0;
    }
    pages.push({
      kind: page.readUInt8(5),
      granule: Number(page.readBigInt64LE(6)),
      serial: page.readUInt32LE(14),
      sequence: page.readUInt32LE(18),
      packets,
    });
    at = end;
  }
  return pages;
}

/** One bit at a time, unlike the code under test. */
function remainderOf(page: Uint8Array): number {
  let remainder = 0;
  for (const byte of page) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const carry = (remainder >>> 31) ^ ((byte >> bit) & 1);
      remainder = (remainder << 1) ^ (carry === 1 ? POLYNOMIAL : 0);
    }
  }
  return remainder >>> 0;
}

/** What a player makes of a recording: left and right at 8000 Hz. */
export function playOggOpus(pages: readonly OggPage[], library: OpusLibrary): readonly [Int16Array, Int16Array] {
  const [head] = pages[0]?.packets ?? [];
  const preSkip = head?.readUInt16LE(10) ?? 0;
  const packets = pages.slice(2).flatMap((page) => page.packets);
  const play = (side: 0 | 1): Int16Array => {
    const decoder = library.createDecoder();
    const heard = new Int16Array(OPUS_SAMPLE_RATE / 8);
    const samples = packets.flatMap((packet) => {
      const frame = sideOf(packet, side);
      return [...heard.subarray(0, decoder.decode(frame, 0, frame.length, heard))];
    });
    decoder.close();
    const from = preSkip / 2;
    const count = Math.floor(((pages.at(-1)?.granule ?? 0) - preSkip) / 6);
    return Int16Array.from({ length: count }, (_, i) => samples[from + 3 * i] ?? 0);
  };
  return [play(0), play(1)];
}

/** RFC 6716 appendix B. */
function sideOf(packet: Buffer, side: 0 | 1): Buffer {
  const first = packet.readUInt8(1);
  const lengthBytes = first < 252 ? 1 : 2;
  const length = lengthBytes === 1 ? first : first + 4 * packet.readUInt8(2);
  const end = 1 + lengthBytes + length;
  if (side === 1) return packet.subarray(end);
  return Buffer.concat([packet.subarray(0, 1), packet.subarray(1 + lengthBytes, end)]);
}
