import { expect, test } from 'vitest';
import { PowerSpectrum, SPECTRUM_BINS, SPECTRUM_SAMPLES } from '../../src/audio/power-spectrum.js';
import { SeededRandom } from '../support/seeded-random.js';

/** The definition, term by term. */
function slowly(samples: Float64Array): number[] {
  return Array.from({ length: SPECTRUM_BINS }, (_, bin) => {
    let real = 0;
    let imaginary = 0;
    for (let i = 0; i < SPECTRUM_SAMPLES; i += 1) {
      const windowed = (samples[i] ?? 0) * Math.sin((Math.PI * (i + 0.5)) / SPECTRUM_SAMPLES) ** 2;
      real += windowed * Math.cos((2 * Math.PI * bin * i) / SPECTRUM_SAMPLES);
      imaginary += windowed * Math.sin((2 * Math.PI * bin * i) / SPECTRUM_SAMPLES);
    }
    return (real ** 2 + imaginary ** 2) / (SPECTRUM_SAMPLES * (3 / 8));
  });
}

test('the fast transform is the slow one', () => {
  const random = new SeededRandom(1);
  const samples = Float64Array.from({ length: SPECTRUM_SAMPLES }, () => random.integer(65_536) - 32_768);
  const spectrum = new PowerSpectrum();
  spectrum.compute(samples);
  for (const [bin, power] of slowly(samples).entries()) {
    expect(Math.abs((spectrum.power[bin] ?? 0) - power)).toBeLessThan(1e-6 * power + 1e-3);
  }
});

test('white noise has its mean square in every bin', () => {
  const random = new SeededRandom(2);
  const spectrum = new PowerSpectrum();
  let sum = 0;
  for (let frame = 0; frame < 200; frame += 1) {
    spectrum.compute(Float64Array.from({ length: SPECTRUM_SAMPLES }, () => (random.integer(2) === 0 ? 100 : -100)));
    sum += spectrum.power.subarray(1, SPECTRUM_BINS - 1).reduce((total, power) => total + power, 0);
  }
  expect(sum / 200 / (SPECTRUM_BINS - 2) / 10_000).toBeCloseTo(1, 1);
});
