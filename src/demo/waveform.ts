/** Largest excursion either way within one column of a picture, as a share of full scale (0 to 1). */
export interface Peak {
  readonly low: number;
  readonly high: number;
}

/** Reduces samples to `columns` peaks of equal time each. Samples: 16-bit. */
export function peaksOf(samples: Int16Array, columns: number): Peak[] {
  const peaks: Peak[] = [];
  for (let column = 0; column < columns; column += 1) {
    const from = Math.floor((column * samples.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * samples.length) / columns));
    let low = 0;
    let high = 0;
    for (let index = from; index < to && index < samples.length; index += 1) {
      const value = samples[index] ?? 0;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    peaks.push({ low: -low / 32_768, high: high / 32_768 });
  }
  return peaks;
}
