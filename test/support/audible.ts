import { amplitudeAt } from '../../src/audio/amplitude.js';

/** Whether any sample of 16-bit PCM reaches `thresholdDb` (dBFS of the peak). */
export function isAudible(samples: Int16Array, thresholdDb: number): boolean {
  const threshold = amplitudeAt(thresholdDb);
  return samples.some((sample) => Math.abs(sample) >= threshold);
}
