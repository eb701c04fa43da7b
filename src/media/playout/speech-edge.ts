/** Length of the slope at an edge, ms. Short enough for the packet in which the agent falls silent. */
export const EDGE_MS = 5;

/** Lets speech that is cut off fade to nothing, over all of `samples`, in place. */
export function fadeOut(samples: Int16Array): void {
  const { length } = samples;
  for (let i = 0; i < length; i += 1) samples[i] = Math.round((samples[i] as number) * slope(length - 1 - i, length));
}

/** Lets speech that is taken up in the middle rise out of nothing, in place. @param edge samples that the slope takes */
export function fadeIn(samples: Int16Array, edge: number): void {
  const count = Math.min(samples.length, edge);
  for (let i = 0; i < count; i += 1) samples[i] = Math.round((samples[i] as number) * slope(i, edge));
}

/** Half a period of a raised cosine: begins near 0, ends near 1, and has no corner at either end. */
function slope(at: number, length: number): number {
  return (1 - Math.cos((Math.PI * (at + 0.5)) / length)) / 2;
}
