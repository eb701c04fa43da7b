/**
 * Encrypts and authenticates single packets in place. `index` is that of RFC 3711 section 3.3.1 (48 bits: rollover counter
 * and sequence number), or the SRTCP index (31 bits). Which packet may come, and whether it came before, is for others to
 * say.
 */
export interface PacketProtection {
  /** What protection adds, bytes. */
  readonly rtpOverhead: number;
  readonly rtcpOverhead: number;
  /**
   * Protects a packet that ends `rtpOverhead` bytes before `bytes` does.
   * @param payloadAt where the header, its extension included, ends
   */
  protectRtp(bytes: Uint8Array, payloadAt: number, ssrc: number, index: number): void;
  /** Returns whether the packet is authentic; then it has been decrypted, and the last `rtpOverhead` bytes are rubbish. */
  unprotectRtp(bytes: Uint8Array, payloadAt: number, ssrc: number, index: number): boolean;
  /** The same for SRTCP: a compound packet. */
  protectRtcp(bytes: Uint8Array, ssrc: number, index: number): void;
  unprotectRtcp(bytes: Uint8Array, ssrc: number): boolean;
  /** The SRTCP index in a packet that is not shorter than `rtcpOverhead` and 8 bytes. */
  rtcpIndexOf(bytes: Uint8Array): number;
}
