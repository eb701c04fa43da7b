import { Uint8Views } from '../../audio/views.js';
import type { SrtpSuite } from '../engine.js';
import { readUint16, readUint32 } from '../octets.js';
import { RTP_HEADER_BYTES } from '../rtp/rtp-packet.js';
import { createProtection } from './create-protection.js';
import { CYCLE } from './packet-index.js';
import type { PacketProtection } from './packet-protection.js';

/** RFC 3711 section 9.2: a master key protects so many packets and no more. */
const MAX_RTP_INDEX = 2 ** 48 - 1;
const MAX_RTCP_INDEX = 2 ** 31 - 1;

/**
 * Keys that are remembered when others have taken their place. They are of our own making, and random: one comes back where an
 * exchange of offer and answer fails, and those before it never do.
 */
const MAX_USED_KEYS = 16;

/** What a direction is protected with. */
export interface SrtpKey {
  readonly suite: SrtpSuite;
  /** Master key and salt. */
  readonly key: Uint8Array;
}

export function isSameKey(a: SrtpKey, b: SrtpKey): boolean {
  return a.suite === b.suite && Buffer.compare(a.key, b.key) === 0;
}

/** Protects the packets of one source of ours, which come in the order of their numbers. */
export class SrtpOutbound {
  readonly #packets = new Uint8Views();
  #key: SrtpKey;
  #protection: PacketProtection;
  /** By key, as text, of those that were given up last: the last index under it, as of then. */
  readonly #used = new Map<string, number>();
  #cycles = 0;
  #lastSequence = -1;
  #rtcpIndex = 0;

  constructor(key: SrtpKey) {
    this.#key = key;
    this.#protection = createProtection(key.suite, key.key);
  }

  /**
   * Another master key. The rollover counter goes on (RFC 3711 section 3.3.1), unless somebody else receives from now on
   * who knows nothing of it. With a key that it has, or had lately, it goes on in any case: no index is used twice with one
   * key, which would give the audio away (RFC 3711 section 9.1) and with GCM the key of the tags (RFC 7714 section 8.4).
   */
  rekey(key: SrtpKey, newPeer: boolean): void {
    if (isSameKey(key, this.#key)) return;
    const used = this.#used.get(textOf(key));
    this.#giveUp(this.#key);
    this.#key = key;
    this.#protection = createProtection(key.suite, key.key);
    if (used === undefined && newPeer) this.#goOnAfter(-1);
    // The counter was begun anew for a key between.
    else if (used !== undefined && used > this.#lastIndex) this.#goOnAfter(used);
  }

  /**
   * Another SSRC: who receives counts its cycles from 0 (RFC 3711 section 3.2.1). What protects a packet depends on the SSRC
   * as well, so that no index is used twice.
   */
  startOver(): void {
    this.#goOnAfter(-1);
    for (const key of this.#used.keys()) this.#used.set(key, -1);
  }

  /** Returns the protected packet, valid until the next call; `undefined` when the key is used up. Hot path. */
  protectRtp(packet: Uint8Array): Uint8Array | undefined {
    const sequence = readUint16(packet, 2);
    if (sequence < this.#lastSequence) this.#cycles += 1;
    this.#lastSequence = sequence;
    const index = this.#cycles * CYCLE + sequence;
    if (index > MAX_RTP_INDEX) return undefined;
    const bytes = this.#packets.take(packet.length + this.#protection.rtpOverhead);
    bytes.set(packet);
    this.#protection.protectRtp(bytes, RTP_HEADER_BYTES, readUint32(packet, 8), index);
    return bytes;
  }

  /** The same for a compound RTCP packet. */
  protectRtcp(packet: Uint8Array): Uint8Array | undefined {
    if (this.#rtcpIndex > MAX_RTCP_INDEX) return undefined;
    const bytes = this.#packets.take(packet.length + this.#protection.rtcpOverhead);
    bytes.set(packet);
    this.#protection.protectRtcp(bytes, readUint32(packet, 4), this.#rtcpIndex);
    this.#rtcpIndex += 1;
    return bytes;
  }

  #giveUp(key: SrtpKey): void {
    const text = textOf(key);
    // A map keeps the order of insertion.
    this.#used.delete(text);
    this.#used.set(text, this.#lastIndex);
    if (this.#used.size > MAX_USED_KEYS) this.#used.delete(this.#used.keys().next().value as string);
  }

  get #lastIndex(): number {
    return this.#cycles * CYCLE + this.#lastSequence;
  }

  /** @param index of a packet; -1: of none */
  #goOnAfter(index: number): void {
    this.#cycles = index < 0 ? 0 : Math.floor(index / CYCLE);
    this.#lastSequence = index < 0 ? -1 : index % CYCLE;
  }
}

function textOf({ suite, key }: SrtpKey): string {
  return `${suite} ${Buffer.from(key).toString('base64')}`;
}
