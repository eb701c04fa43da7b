/** Packets between two of the same sequence number: the rollover counter counts them. */
export const CYCLE = 0x1_0000;
const HALF_CYCLE = 0x8000;

/**
 * The index that a sequence number stands for (RFC 3711 section 3.3.1, appendix A): in the cycle that brings it closest to
 * the highest one so far.
 * @param highest index of the newest authentic packet; -1 before the first, whose rollover counter is then 0
 * @returns -1 for a packet from before the first cycle
 */
export function estimateIndex(highest: number, sequence: number): number {
  if (highest < 0) return sequence;
  const base = Math.floor(highest / CYCLE) * CYCLE;
  const difference = sequence - (highest - base);
  if (difference > HALF_CYCLE) return base - CYCLE < 0 ? -1 : base - CYCLE + sequence;
  return difference < -HALF_CYCLE ? base + CYCLE + sequence : base + sequence;
}
