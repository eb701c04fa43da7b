import { readUint32 } from '../octets.js';
import { parseRtp, RtpPacket } from '../rtp/rtp-packet.js';
import { createProtection } from './create-protection.js';
import { estimateIndex } from './packet-index.js';
import type { PacketProtection } from './packet-protection.js';
import { ReplayWindow } from './replay-window.js';
import { RTCP_HEADER_BYTES } from './srtcp-format.js';
import { isSameKey, type SrtpKey } from './srtp-outbound.js';

/** Sources of one peer that are remembered; it needs one, and another after each change of its SSRC. */
const MAX_SOURCES = 4;

/** Why a packet was refused: not authentic, seen before (or too old to know), or more than its key may protect. */
export type SrtpDefect = 'srtp-auth' | 'srtp-replay' | 'srtp-lifetime';

interface Source {
  rtp: ReplayWindow;
  rtcp: ReplayWindow;
  /** Under the key before. The rollover counter goes on from there (RFC 3711 section 3.3.1). */
  before: ReplayWindow | undefined;
}

/** What the peer's packets are protected with, and how many of them its key may protect (RFC 4568 section 6.1). */
export interface SrtpRemoteKey extends SrtpKey {
  readonly lifetimePackets: number;
}

/**
 * Takes the peer's packets. Nothing is believed, and nothing remembered, of a packet that is not authentic: it comes
 * before the latching rule.
 */
export class SrtpInbound {
  readonly #packet = new RtpPacket();
  /** The one that was heard longest ago comes first: it gives way to another. */
  readonly #sources = new Map<number, Source>();
  /** The last of them; -1 before the first. */
  #newestSsrc = -1;
  #key: SrtpRemoteKey;
  #protection: PacketProtection;
  /** Of the key before, until the new one is seen at work: packets of the old one are still on their way. */
  #previous: PacketProtection | undefined;
  /** A packet under the key was authentic. */
  #confirmed = false;
  #packets = 0;

  constructor(key: SrtpRemoteKey) {
    this.#key = key;
    this.#protection = createProtection(key.suite, key.key);
  }

  /** Another master key. The rollover counters of sources go on (RFC 3711 section 3.3.1), or begin anew: both are tried. */
  rekey(key: SrtpRemoteKey): void {
    if (isSameKey(key, this.#key)) return;
    this.#previous = this.#protection;
    this.#key = key;
    this.#protection = createProtection(key.suite, key.key);
    this.#confirmed = false;
    this.#packets = 0;
    for (const source of this.#sources.values()) {
      // Nothing that came before can come again under the new key.
      source.before = source.rtp.highest < 0 ? source.before : source.rtp;
      source.rtp = new ReplayWindow();
      source.rtcp = new ReplayWindow();
    }
  }

  /**
   * Checks and decrypts an SRTP packet in place. Hot path.
   * @returns the RTP packet, a view of `bytes`, or what is wrong
   */
  openRtp(bytes: Uint8Array): Uint8Array | SrtpDefect {
    const { rtpOverhead } = this.#protection;
    const packet = this.#packet;
    // The padding, and whether there is any, is encrypted: nothing but the header can be judged yet.
    if (!parseHeader(bytes, packet) || bytes.length < packet.payloadOffset + rtpOverhead) return 'srtp-auth';
    const { ssrc } = packet;
    const source = this.#sources.get(ssrc);
    const index = estimateIndex(highestOf(source), packet.sequence);
    if (index < 0 || source?.rtp.isReplay(index)) return 'srtp-replay';
    if (this.#packets >= this.#key.lifetimePackets) return 'srtp-lifetime';
    if (this.#protection.unprotectRtp(bytes, packet.payloadOffset, ssrc, index)) {
      this.#confirm();
      this.#heard(ssrc, source).rtp.record(index);
      return bytes.subarray(0, bytes.length - rtpOverhead);
    }
    return this.#confirmed ? 'srtp-auth' : this.#openOtherwise(bytes, source, index);
  }

  /** The same for SRTCP. */
  openRtcp(bytes: Uint8Array): Uint8Array | SrtpDefect {
    const { rtcpOverhead } = this.#protection;
    if (bytes.length < RTCP_HEADER_BYTES + rtcpOverhead) return 'srtp-auth';
    const ssrc = readUint32(bytes, 4);
    const source = this.#sources.get(ssrc);
    const index = this.#protection.rtcpIndexOf(bytes);
    if (source?.rtcp.isReplay(index)) return 'srtp-replay';
    if (!this.#protection.unprotectRtcp(bytes, ssrc)) return 'srtp-auth';
    this.#heard(ssrc, source).rtcp.record(index);
    return bytes.subarray(0, bytes.length - rtcpOverhead);
  }

  /** A sender may begin its new key at a rollover counter of 0, or not have begun with it yet. */
  #openOtherwise(bytes: Uint8Array, source: Source | undefined, index: number): Uint8Array | SrtpDefect {
    const { payloadOffset, sequence, ssrc } = this.#packet;
    if (index !== sequence && this.#protection.unprotectRtp(bytes, payloadOffset, ssrc, sequence)) {
      this.#confirm();
      this.#heard(ssrc, source).rtp.record(sequence);
      return bytes.subarray(0, bytes.length - this.#protection.rtpOverhead);
    }
    const previous = this.#previous;
    const before = source?.before;
    if (previous === undefined || before === undefined || before.isReplay(index)) return 'srtp-auth';
    if (bytes.length < payloadOffset + previous.rtpOverhead) return 'srtp-auth';
    if (!previous.unprotectRtp(bytes, payloadOffset, ssrc, index)) return 'srtp-auth';
    before.record(index);
    return bytes.subarray(0, bytes.length - previous.rtpOverhead);
  }

  #confirm(): void {
    this.#packets += 1;
    if (this.#confirmed) return;
    this.#confirmed = true;
    this.#previous = undefined;
  }

  /** An authentic packet came of a source. One that comes back after others must find its rollover counter as it left it. */
  #heard(ssrc: number, known: Source | undefined): Source {
    if (known !== undefined && ssrc === this.#newestSsrc) return known;
    const source = known ?? { rtp: new ReplayWindow(), rtcp: new ReplayWindow(), before: undefined };
    this.#sources.delete(ssrc);
    for (const oldest of this.#sources.keys()) {
      if (this.#sources.size < MAX_SOURCES) break;
      this.#sources.delete(oldest);
    }
    this.#sources.set(ssrc, source);
    this.#newestSsrc = ssrc;
    return source;
  }
}

/** The newest packet of a source, from which the next one's index is estimated; -1 where there was none. */
function highestOf(source: Source | undefined): number {
  if (source === undefined) return -1;
  return source.rtp.highest < 0 ? (source.before?.highest ?? -1) : source.rtp.highest;
}

/** Reads the header alone: what looks like padding is the ciphertext's last byte, or the tag's. */
function parseHeader(bytes: Uint8Array, packet: RtpPacket): boolean {
  const first = bytes[0];
  if (first === undefined) return false;
  bytes[0] = first & ~0x20;
  const defect = parseRtp(bytes, packet);
  bytes[0] = first;
  return defect === undefined;
}
