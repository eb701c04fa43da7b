/** Length of the slope at an edge, samples at 8000 Hz: 5 ms. Short enough for the packet in which the agent falls silent. */
export const EDGE_SAMPLES = 40;

/** Half a period of a raised cosine: begins near 0, ends near 1, and has no corner at either end. */
const slope = Float64Array.from(
  { length: EDGE_SAMPLES },
  (_, index) => (1 - Math.cos((Math.PI * (index + 0.5)) / EDGE_SAMPLES)) / 2,
);

/** Lets speech that is cut off fade to nothing: over {@link EDGE_SAMPLES}, in place. */
export function fadeOut(samples: Int16Array): void {
  for (let i = 0; i < samples.length; i += 1) {
    samples[i] = Math.round((samples[i] as number) * (slope[EDGE_SAMPLES - 1 - i] ?? 0));
  }
}

/** Lets speech that is taken up in the middle rise out of nothing: over {@link EDGE_SAMPLES}, in place. */
export function fadeIn(samples: Int16Array): void {
  const count = Math.min(samples.length, EDGE_SAMPLES);
  for (let i = 0; i < count; i += 1) samples[i] = Math.round((samples[i] as number) * (slope[i] as number));
}
