import { type Cipher, createCipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { mixUint32, readUint32, sameOctets, writeUint32 } from '../octets.js';
import type { SessionKeys } from './key-derivation.js';
import { CYCLE } from './packet-index.js';
import type { PacketProtection } from './packet-protection.js';
import { ENCRYPTED, INDEX_BYTES, RTCP_HEADER_BYTES } from './srtcp-format.js';

const BLOCK_BYTES = 16;
/** RFC 3711 section 4.2.1 and RFC 4568 section 6.2.2: SRTCP has the long tag in both suites. */
const RTCP_TAG_BYTES = 10;
const TWO_TO_32 = 2 ** 32;

/** AES counter mode with HMAC-SHA1 (RFC 3711 sections 4.1.1 and 4.2.1). */
export class CounterModeProtection implements PacketProtection {
  readonly rtpOverhead: number;
  readonly rtcpOverhead = INDEX_BYTES + RTCP_TAG_BYTES;
  readonly #rtpStream: KeyStream;
  readonly #rtcpStream: KeyStream;
  readonly #rtpAuth: KeyObject;
  readonly #rtcpAuth: KeyObject;
  readonly #tag = new Uint8Array(RTCP_TAG_BYTES);

  constructor(rtp: SessionKeys, rtcp: SessionKeys, tagBytes: number) {
    this.rtpOverhead = tagBytes;
    this.#rtpStream = new KeyStream(rtp);
    this.#rtcpStream = new KeyStream(rtcp);
    this.#rtpAuth = createSecretKey(rtp.authKey);
    this.#rtcpAuth = createSecretKey(rtcp.authKey);
  }

  protectRtp(bytes: Uint8Array, payloadAt: number, ssrc: number, index: number): void {
    const end = bytes.length - this.rtpOverhead;
    this.#rtpStream.apply(bytes, payloadAt, end, ssrc, index);
    const tag = this.#rtpTag(bytes, end, index);
    for (let i = 0; i < this.rtpOverhead; i += 1) bytes[end + i] = tag[i] as number;
  }

  unprotectRtp(bytes: Uint8Array, payloadAt: number, ssrc: number, index: number): boolean {
    const end = bytes.length - this.rtpOverhead;
    for (let i = 0; i < this.rtpOverhead; i += 1) this.#tag[i] = bytes[end + i] as number;
    const authentic = sameOctets(this.#rtpTag(bytes, end, index), 0, this.#tag, 0, this.rtpOverhead);
    // The packet is as it came: another index or key may be tried.
    for (let i = 0; i < this.rtpOverhead; i += 1) bytes[end + i] = this.#tag[i] as number;
    if (authentic) this.#rtpStream.apply(bytes, payloadAt, end, ssrc, index);
    return authentic;
  }

  protectRtcp(bytes: Uint8Array, ssrc: number, index: number): void {
    const end = bytes.length - this.rtcpOverhead;
    this.#rtcpStream.apply(bytes, RTCP_HEADER_BYTES, end, ssrc, index);
    writeUint32(bytes, end, index + ENCRYPTED);
    const tag = createHmac('sha1', this.#rtcpAuth)
      .update(bytes.subarray(0, end + INDEX_BYTES))
      .digest();
    bytes.set(tag.subarray(0, RTCP_TAG_BYTES), end + INDEX_BYTES);
  }

  unprotectRtcp(bytes: Uint8Array, ssrc: number): boolean {
    const end = bytes.length - this.rtcpOverhead;
    const tag = createHmac('sha1', this.#rtcpAuth)
      .update(bytes.subarray(0, end + INDEX_BYTES))
      .digest();
    if (!sameOctets(tag, 0, bytes, end + INDEX_BYTES, RTCP_TAG_BYTES)) return false;
    const word = readUint32(bytes, end);
    // Without the flag it is authenticated only, which a sender may choose for a single packet (section 3.4).
    if (word >= ENCRYPTED) this.#rtcpStream.apply(bytes, RTCP_HEADER_BYTES, end, ssrc, word - ENCRYPTED);
    return true;
  }

  rtcpIndexOf(bytes: Uint8Array): number {
    return readUint32(bytes, bytes.length - this.rtcpOverhead) & ~ENCRYPTED;
  }

  /** Over the packet and the rollover counter, which is written where the tag will stand: one update instead of two. */
  #rtpTag(bytes: Uint8Array, end: number, index: number): Uint8Array {
    writeUint32(bytes, end, Math.floor(index / CYCLE));
    return createHmac('sha1', this.#rtpAuth)
      .update(bytes.subarray(0, end + INDEX_BYTES))
      .digest();
  }
}

/**
 * The key stream of RFC 3711 section 4.1.1. A cipher of its own for each packet costs more than all the rest; blocks of
 * counters through one that stays open are the same, and cost a sixth.
 */
class KeyStream {
  readonly #cipher: Cipher;
  readonly #salt: Uint8Array;
  #counters = new Uint8Array(0);

  constructor({ cipherKey, salt }: SessionKeys) {
    this.#cipher = createCipheriv('aes-128-ecb', cipherKey, null).setAutoPadding(false);
    this.#salt = salt;
  }

  /** Encrypts or decrypts `bytes` from `from` to before `end`. */
  apply(bytes: Uint8Array, from: number, end: number, ssrc: number, index: number): void {
    if (end <= from) return;
    const blocks = Math.ceil((end - from) / BLOCK_BYTES);
    if (this.#counters.length !== blocks * BLOCK_BYTES) this.#counters = new Uint8Array(blocks * BLOCK_BYTES);
    const counters = this.#counters;
    for (let block = 0; block < blocks; block += 1) this.#writeCounter(counters, block, ssrc, index);
    const stream = this.#cipher.update(counters);
    for (let i = from; i < end; i += 1) bytes[i] = (bytes[i] as number) ^ (stream[i - from] as number);
  }

  /** Salt times 2^16, exclusive-or SSRC times 2^64, exclusive-or index times 2^16, plus the block's number. */
  #writeCounter(counters: Uint8Array, block: number, ssrc: number, index: number): void {
    const at = block * BLOCK_BYTES;
    counters.set(this.#salt, at);
    mixUint32(counters, at + 4, ssrc);
    mixUint32(counters, at + 8, Math.floor(index / CYCLE) % TWO_TO_32);
    counters[at + 12] = (this.#salt[12] as number) ^ ((index >>> 8) & 0xff);
    counters[at + 13] = (this.#salt[13] as number) ^ (index & 0xff);
    counters[at + 14] = block >> 8;
    counters[at + 15] = block;
  }
}
