/**
 * Turns the payloads of one codec into audio, in the order they are played: one per stream, with whatever state the codec
 * has. Positions are in *ticks*, units of the RTP timestamp (RFC 3551: 8000 a second for G.711 and G.722; RFC 7587: 48,000
 * for Opus).
 */
export interface PacketReader {
  readonly ticksPerMs: number;
  /** Of 20 ms. */
  readonly frameSamples: number;
  readonly frameBytes: number;
  /** It fills gaps by itself ({@link conceal}), as decoders with a memory do; otherwise somebody else has to. */
  readonly conceals: boolean;
  /** A tick is a byte, and frames are what payloads are: they may be copied instead of read. */
  readonly verbatim: boolean;
  /** How long a payload sounds, ticks, at most 240 ms. 0: it is none of this codec. */
  ticks(payload: Uint8Array, offset: number, length: number): number;
  /**
   * Writes `count` ticks of a packet into a frame.
   * @param sequence extended; the same for every call about one packet
   * @param passed ticks of the packet that were read before
   * @param frame 20 ms, `filled` ticks of it full
   */
  read(
    sequence: number,
    payload: Uint8Array,
    offset: number,
    length: number,
    passed: number,
    frame: Uint8Array,
    filled: number,
    count: number,
  ): void;
  /**
   * Makes up `count` ticks that no packet brought. Called only where it {@link conceals}.
   * @param gap ticks missing up to the packet given, these included; 0 where no packet is there yet
   * @param next the payload after the gap, which may hold a copy of what was lost
   */
  conceal(
    frame: Uint8Array,
    filled: number,
    count: number,
    gap: number,
    next: Uint8Array,
    offset: number,
    length: number,
  ): void;
  /** Another source: what was heard before counts no more. */
  reset(): void;
  /** Gives back what it holds. Not used afterwards. */
  close(): void;
}
