/** Amplitude of 0 dBFS in 16-bit PCM. */
export const FULL_SCALE = 32_768;

/**
 * The 16-bit amplitude that lies `dbfs` decibels relative to full scale.
 * @param dbfs 0 or negative
 */
export function amplitudeAt(dbfs: number): number {
  return FULL_SCALE * 10 ** (dbfs / 20);
}

/**
 * Whether any sample of 16-bit PCM reaches `thresholdDb` (dBFS of the peak). Coded silence, comfort noise of a quiet
 * line and the smallest A-law code stay below the usual -50 dBFS.
 */
export function isAudible(samples: Int16Array, thresholdDb: number): boolean {
  const threshold = amplitudeAt(thresholdDb);
  for (let i = 0; i < samples.length; i += 1) {
    const sample = samples[i] as number;
    if (sample >= threshold || -sample >= threshold) return true;
  }
  return false;
}
