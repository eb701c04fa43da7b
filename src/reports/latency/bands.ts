/** How an answer's delay is felt, by its voice-to-voice latency. */
export const bands = ['natural', 'acceptable', 'broken'] as const;
export type Band = (typeof bands)[number];

/** Ends of the bands, ms: below the first is natural, above the second broken. */
export const NATURAL_BELOW_MS = 500;
export const BROKEN_ABOVE_MS = 1_000;

/** The band of a latency, ms. */
export function bandOf(ms: number): Band {
  if (ms < NATURAL_BELOW_MS) return 'natural';
  return ms <= BROKEN_ABOVE_MS ? 'acceptable' : 'broken';
}
