/** Amplitude of 0 dBFS in 16-bit PCM. */
export const FULL_SCALE = 32_768;

/**
 * The 16-bit amplitude that lies `dbfs` decibels relative to full scale.
 * @param dbfs 0 or negative
 */
export function amplitudeAt(dbfs: number): number {
  return FULL_SCALE * 10 ** (dbfs / 20);
}
