/**
 * The first byte of an Opus packet, RFC 6716 section 3.1:
 *
 *      0 1 2 3 4 5 6 7
 *     +-+-+-+-+-+-+-+-+
 *     | config  |s| c |
 *     +-+-+-+-+-+-+-+-+
 */

/** RFC 7587 section 4.1: whatever an encoder was fed with. */
export const OPUS_TICKS_PER_MS = 48;

/** RFC 6716 section 3.4 [R5]: no packet is longer, ticks. */
const MAX_TICKS = 120 * OPUS_TICKS_PER_MS;
/** RFC 6716 section 3.4 [R2]. */
const MAX_FRAME_BYTES = 1275;
/** Frames of the three modes by the low bits of `config` (table 2), ticks. */
const SILK_TICKS = [480, 960, 1920, 2880] as const;
const HYBRID_TICKS = [480, 960] as const;
const CELT_TICKS = [120, 240, 480, 960] as const;

/** How long a packet sounds, units of 1/48 ms; 0 where it is none (RFC 6716 section 3.4). */
export function opusTicks(packet: Uint8Array, offset: number, length: number): number {
  if (length < 1) return 0;
  const first = packet[offset] as number;
  const frame = frameTicks(first >> 3);
  switch (first & 3) {
    case 0:
      return length - 1 <= MAX_FRAME_BYTES ? frame : 0;
    case 1:
      return (length - 1) % 2 === 0 && (length - 1) / 2 <= MAX_FRAME_BYTES ? 2 * frame : 0;
    case 2:
      return length >= 2 ? 2 * frame : 0;
    default: {
      if (length < 2) return 0;
      const count = (packet[offset + 1] as number) & 0x3f;
      const ticks = count * frame;
      return ticks <= MAX_TICKS ? ticks : 0;
    }
  }
}

/** The first byte of a packet as a packet of its own: a frame of nothing, which a decoder conceals. */
export function opusLostPacket(first: number): number {
  return first & ~3;
}

/** A packet of so many ms with nothing in it: the far end's decoder conceals it. @param ms 10, 20, 40 or 60 */
export function opusEmptyPacket(ms: number): number {
  return (
    Math.max(
      0,
      SILK_TICKS.findIndex((ticks) => ticks === ms * OPUS_TICKS_PER_MS),
    ) << 3
  );
}

function frameTicks(config: number): number {
  if (config < 12) return SILK_TICKS[config & 3] as number;
  if (config < 16) return HYBRID_TICKS[config & 1] as number;
  return CELT_TICKS[config & 3] as number;
}
