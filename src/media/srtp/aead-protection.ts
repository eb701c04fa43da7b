import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { mixUint32, readUint32, writeUint32 } from '../octets.js';
import type { SessionKeys } from './key-derivation.js';
import { CYCLE } from './packet-index.js';
import type { PacketProtection } from './packet-protection.js';
import { ENCRYPTED, INDEX_BYTES, RTCP_HEADER_BYTES } from './srtcp-format.js';

const TAG_BYTES = 16;

interface Keys {
  readonly key: KeyObject;
  readonly salt: Uint8Array;
}

/** AES-128 in Galois counter mode (RFC 7714). Its cipher cannot be kept open: one for each packet. */
export class AeadProtection implements PacketProtection {
  readonly rtpOverhead = TAG_BYTES;
  readonly rtcpOverhead = TAG_BYTES + INDEX_BYTES;
  readonly #rtp: Keys;
  readonly #rtcp: Keys;
  readonly #nonce = new Uint8Array(12);
  /** Header and index word of an SRTCP packet: what is authenticated and not encrypted. */
  readonly #rtcpHeader = new Uint8Array(RTCP_HEADER_BYTES + INDEX_BYTES);

  constructor(rtp: SessionKeys, rtcp: SessionKeys) {
    this.#rtp = { key: createSecretKey(rtp.cipherKey), salt: rtp.salt };
    this.#rtcp = { key: createSecretKey(rtcp.cipherKey), salt: rtcp.salt };
  }

  protectRtp(bytes: Uint8Array, payloadAt: number, ssrc: number, index: number): void {
    const end = bytes.length - TAG_BYTES;
    this.#setRtpNonce(ssrc, index);
    this.#seal(this.#rtp.key, bytes.subarray(0, payloadAt), bytes, payloadAt, end);
  }

  unprotectRtp(bytes: Uint8Array, payloadAt: number, ssrc: number, index: number): boolean {
    this.#setRtpNonce(ssrc, index);
    return this.#open(this.#rtp.key, bytes.subarray(0, payloadAt), bytes, payloadAt, bytes.length - TAG_BYTES);
  }

  protectRtcp(bytes: Uint8Array, ssrc: number, index: number): void {
    const end = bytes.length - this.rtcpOverhead;
    writeUint32(bytes, end + TAG_BYTES, index + ENCRYPTED);
    this.#setRtcpNonce(ssrc, index);
    this.#seal(this.#rtcp.key, this.#rtcpAssociated(bytes), bytes, RTCP_HEADER_BYTES, end);
  }

  unprotectRtcp(bytes: Uint8Array, ssrc: number): boolean {
    const end = bytes.length - this.rtcpOverhead;
    this.#setRtcpNonce(ssrc, this.rtcpIndexOf(bytes));
    if (readUint32(bytes, end + TAG_BYTES) >= ENCRYPTED) {
      return this.#open(this.#rtcp.key, this.#rtcpAssociated(bytes), bytes, RTCP_HEADER_BYTES, end);
    }
    // RFC 7714 section 9.3: not encrypted, and the whole packet with its index word is associated data.
    const associated = Buffer.concat([bytes.subarray(0, end), bytes.subarray(end + TAG_BYTES)]);
    return this.#open(this.#rtcp.key, associated, bytes, end, end);
  }

  rtcpIndexOf(bytes: Uint8Array): number {
    return readUint32(bytes, bytes.length - INDEX_BYTES) & ~ENCRYPTED;
  }

  #seal(key: KeyObject, associated: Uint8Array, bytes: Uint8Array, from: number, end: number): void {
    const cipher = createCipheriv('aes-128-gcm', key, this.#nonce);
    cipher.setAAD(associated);
    bytes.set(cipher.update(bytes.subarray(from, end)), from);
    cipher.final();
    bytes.set(cipher.getAuthTag(), end);
  }

  #open(key: KeyObject, associated: Uint8Array, bytes: Uint8Array, from: number, end: number): boolean {
    const cipher = createDecipheriv('aes-128-gcm', key, this.#nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(associated);
    cipher.setAuthTag(bytes.subarray(end, end + TAG_BYTES));
    const plain = cipher.update(bytes.subarray(from, end));
    try {
      cipher.final();
    } catch {
      return false;
    }
    bytes.set(plain, from);
    return true;
  }

  /** Section 8.1: zeros, SSRC, rollover counter and sequence number, exclusive-or the salt. */
  #setRtpNonce(ssrc: number, index: number): void {
    const nonce = this.#nonce;
    nonce.set(this.#rtp.salt);
    mixUint32(nonce, 2, ssrc);
    mixUint32(nonce, 6, Math.floor(index / CYCLE));
    nonce[10] = (nonce[10] as number) ^ ((index >>> 8) & 0xff);
    nonce[11] = (nonce[11] as number) ^ (index & 0xff);
  }

  /** Section 9.1: zeros, SSRC, zeros, SRTCP index, exclusive-or the salt. */
  #setRtcpNonce(ssrc: number, index: number): void {
    this.#nonce.set(this.#rtcp.salt);
    mixUint32(this.#nonce, 2, ssrc);
    mixUint32(this.#nonce, 8, index);
  }

  #rtcpAssociated(bytes: Uint8Array): Uint8Array {
    const header = this.#rtcpHeader;
    for (let i = 0; i < RTCP_HEADER_BYTES; i += 1) header[i] = bytes[i] as number;
    for (let i = 0; i < INDEX_BYTES; i += 1)
      header[RTCP_HEADER_BYTES + i] = bytes[bytes.length - INDEX_BYTES + i] as number;
    return header;
  }
}
