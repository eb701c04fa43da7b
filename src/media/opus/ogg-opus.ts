import { OggPager, oggPageKind } from '../../audio/ogg.js';

/** Granule positions count samples of 48,000 Hz, whatever was coded (RFC 7845 section 4). */
const GRANULES_PER_MS = 48;
/** What a decoder gives before the first sample that was put in: libopus's look-ahead of 6.5 ms. */
const PRE_SKIP = 6.5 * GRANULES_PER_MS;
const PACKET_MS = 20;
const PACKET_GRANULES = PACKET_MS * GRANULES_PER_MS;
const SIDES = 2;

/**
 * Two voices as one Opus file (RFC 7845): a stream of its own for each side, so that neither is heard on the other. Any
 * player takes them for the left and the right of a stereo sound.
 */
export class OggOpus {
  readonly #pager: OggPager;
  readonly #inputHz: number;
  #packets = 0;

  /** @param serial 32 bits @param inputHz rate that was coded; for information */
  constructor(serial: number, inputHz: number) {
    this.#pager = new OggPager(serial);
    this.#inputHz = inputHz;
  }

  /** Packets that the file must have for so many ms of sound: what the decoder holds back must come out, too. */
  static packetsFor(durationMs: number): number {
    return Math.ceil((durationMs * GRANULES_PER_MS + PRE_SKIP) / PACKET_GRANULES);
  }

  /** How a file begins. */
  header(): Buffer {
    const first = this.#pager.page([identification(this.#inputHz)], 0, oggPageKind.first);
    return Buffer.concat([first, this.#pager.page([comments()], 0)]);
  }

  /** The page behind. @param packets of 20 ms each, made by {@link pairOf} */
  page(packets: readonly Uint8Array[]): Buffer {
    this.#packets += packets.length;
    return this.#pager.page(packets, this.#packets * PACKET_GRANULES);
  }

  /** The last page: the sound ends there (RFC 7845 section 4.4). */
  lastPage(packets: readonly Uint8Array[], durationMs: number): Buffer {
    return this.#pager.page(packets, Math.round(durationMs * GRANULES_PER_MS) + PRE_SKIP, oggPageKind.last);
  }
}

/**
 * One packet of two (RFC 6716 appendix B): the first says where it ends.
 * @param left, right one frame each, as an encoder makes them of 20 ms. Throws `RangeError` for anything else.
 */
export function pairOf(left: Uint8Array, right: Uint8Array): Buffer {
  const [toc = 0] = left;
  if ((toc & 3) !== 0) throw new RangeError('a packet of several frames');
  const bytes = left.length - 1;
  // RFC 6716 section 3.2.1.
  const length = bytes < 252 ? [bytes] : [252 + (bytes & 3), (bytes - 252 - (bytes & 3)) >> 2];
  return Buffer.concat([Buffer.from([toc, ...length]), left.subarray(1), right]);
}

/** RFC 7845 section 5.1, with a channel mapping of family 1: two streams, left and right. */
function identification(inputHz: number): Buffer {
  const header = Buffer.alloc(23);
  header.write('OpusHead', 'latin1');
  header[8] = 1;
  header[9] = SIDES;
  header.writeUInt16LE(PRE_SKIP, 10);
  header.writeUInt32LE(inputHz, 12);
  header[18] = 1;
  header[19] = SIDES;
  header[20] = 0;
  header[21] = 0;
  header[22] = 1;
  return header;
}

/** RFC 7845 section 5.2: who wrote it, and no comment, as nothing of a call belongs there. */
function comments(): Buffer {
  const vendor = Buffer.from('sip-voice-connector', 'latin1');
  const header = Buffer.alloc(16 + vendor.length);
  header.write('OpusTags', 'latin1');
  header.writeUInt32LE(vendor.length, 8);
  header.set(vendor, 12);
  return header;
}
