/** How much of a signal is found in another. */
export interface Match {
  /** Normalised cross-correlation at the best lag: 1 for the same signal at any level, 0 for an unrelated one. */
  readonly correlation: number;
  /** By how many samples `heard` is behind `reference`. */
  readonly lagSamples: number;
}

/**
 * Looks for the whole of `reference` in `heard`, at every lag from 0 to `maxLagSamples`. Samples of `heard` before its
 * beginning and after its end count as silence, so what is missing lowers the correlation.
 */
export function findInRecording(reference: Int16Array, heard: Int16Array, maxLagSamples: number): Match {
  const energyOf = (samples: Int16Array): number => samples.reduce((sum, sample) => sum + sample * sample, 0);
  const referenceEnergy = energyOf(reference);
  let best: Match = { correlation: 0, lagSamples: 0 };
  for (let lagSamples = 0; lagSamples <= maxLagSamples; lagSamples += 1) {
    const part = heard.subarray(lagSamples, lagSamples + reference.length);
    let product = 0;
    for (let index = 0; index < part.length; index += 1) product += (reference[index] ?? 0) * (part[index] ?? 0);
    if (product <= 0) continue;
    const correlation = product / Math.sqrt(referenceEnergy * energyOf(part));
    if (correlation > best.correlation) best = { correlation, lagSamples };
  }
  return best;
}
