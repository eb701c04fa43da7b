/** The longest packet that is taken, ms (RFC 3551 section 4.2 asks receivers for 200). */
export const MAX_PACKET_MS = 240;

/** Decodes the payloads of one codec, one after the other, to 16-bit samples. Stateful: one per stream. */
export interface FrameDecoder {
  readonly sampleRate: 16_000 | 24_000;
  /** Units of the RTP timestamp a millisecond. */
  readonly ticksPerMs: number;
  readonly conceals: boolean;
  /** How long a payload sounds, ticks, at most 240 ms; 0 for what is no payload of this codec. */
  ticks(payload: Uint8Array, offset: number, length: number): number;
  /**
   * @param samples room for 240 ms
   * @returns how many were written; 0 where the payload turned out to be none
   */
  decode(payload: Uint8Array, offset: number, length: number, samples: Int16Array): number;
  /**
   * Makes up what was lost, at least one sample and at most 120 ms.
   * @param wanted samples needed at once; more may be made, to be used next
   * @param gap samples missing before the payload that follows; 0 where none is there yet
   * @param samples room for 240 ms
   * @returns how many were written
   */
  conceal(
    wanted: number,
    gap: number,
    payload: Uint8Array,
    offset: number,
    length: number,
    samples: Int16Array,
  ): number;
  reset(): void;
  close(): void;
}

/** Encodes packets of 16-bit samples. Stateful: one per stream. */
export interface FrameEncoder {
  /** Longest payload it writes, bytes. */
  readonly maxPayloadBytes: number;
  /**
   * Encodes one packet's samples.
   * @returns bytes written to `payload`, at least one
   */
  encode(samples: Int16Array, payload: Uint8Array): number;
  close(): void;
}
