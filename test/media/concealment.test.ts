import { expect, test } from 'vitest';
import { Concealment } from '../../src/media/concealment.js';
import { PowerSpectrum, SPECTRUM_SAMPLES } from '../../src/media/power-spectrum.js';
import { SeededRandom } from '../support/seeded-random.js';
import { speak8k } from '../support/speech.js';

const FRAME = 160;
const none = new Uint8Array(FRAME);
const all = new Uint8Array(FRAME).fill(1);

/** A 100 Hz tone with an overtone, amplitude 8000, from sample `start` on. */
const tone = (start: number): Int16Array =>
  Int16Array.from({ length: FRAME }, (_, index) => {
    const time = (start + index) / 8000;
    return Math.round(6000 * Math.sin(2 * Math.PI * 100 * time) + 2000 * Math.sin(2 * Math.PI * 200 * time));
  });

const energy = (samples: Int16Array): number => samples.reduce((sum, sample) => sum + sample * sample, 0);

/** After three frames of the tone, `count` invented frames. */
const inventAfterTone = (count: number): Int16Array[] => {
  const concealment = new Concealment();
  for (let index = 0; index < 3; index += 1) concealment.learn(tone(index * FRAME));
  return Array.from({ length: count }, () => {
    const samples = new Int16Array(FRAME).fill(1234);
    concealment.process(samples, none);
    return samples;
  });
};

test('a lost frame of a steady tone is replaced by more of the same, in phase', () => {
  const [invented] = inventAfterTone(1);
  const expected = tone(3 * FRAME);
  for (let index = 0; index < 80; index += 1) {
    expect(Math.abs((invented?.[index] ?? 0) - (expected[index] ?? 0))).toBeLessThan(100);
  }
});

test('what is invented fades to nothing within 60 ms', () => {
  const energies = inventAfterTone(5).map(energy);
  expect(energies[0]).toBeGreaterThan(0.5 * energy(tone(0)));
  expect(energies[1]).toBeLessThan(energies[0] ?? 0);
  expect(energies[2]).toBeLessThan(energies[1] ?? 0);
  expect(energies.slice(3)).toEqual([0, 0]);
});

test('a gap inside a frame is filled; of what came, the samples before it and from 4 ms behind it on are left alone', () => {
  const concealment = new Concealment();
  concealment.learn(tone(0));
  concealment.learn(tone(FRAME));
  const samples = tone(2 * FRAME);
  const known = Uint8Array.from({ length: FRAME }, (_, index) => (index >= 40 && index < 80 ? 0 : 1));
  const expected = samples.slice();
  samples.fill(30_000, 40, 80);
  concealment.process(samples, known);
  expect([...samples.slice(0, 40), ...samples.slice(112)]).toEqual([...expected.slice(0, 40), ...expected.slice(112)]);
  for (let index = 40; index < 112; index += 1) {
    expect(Math.abs((samples[index] ?? 0) - (expected[index] ?? 0))).toBeLessThan(300);
  }
});

test('the fade begins anew with each gap', () => {
  const concealment = new Concealment();
  const lost = (): Int16Array => {
    const samples = new Int16Array(FRAME);
    concealment.process(samples, none);
    return samples;
  };
  for (let index = 0; index < 3; index += 1) concealment.learn(tone(index * FRAME));
  const first = energy(lost());
  lost();
  for (let index = 4; index < 7; index += 1) concealment.process(tone(index * FRAME), all);
  expect(energy(lost())).toBeGreaterThan(0.8 * first);
});

test('after silence nothing is invented', () => {
  const concealment = new Concealment();
  const samples = new Int16Array(FRAME).fill(99);
  concealment.process(samples, none);
  expect(energy(samples)).toBe(0);
});

/** Bands of 250 Hz, whose power is compared. */
const BAND_BINS = 8;
/** What is weaker is not heard: mean square of a sample, -60 dBFS. */
const FLOOR = 33 ** 2;

/**
 * Spectral distortion, dB: root mean square of how far the power of 16 bands of 250 Hz is off, over every 10 ms in which
 * the original speaks. Deaf to phase, as the ear is; 0 for what is the same.
 */
const spectralDistortion = (original: Int16Array, heard: Int16Array): number => {
  const spectra = [original, heard].map((samples) => {
    const spectrum = new PowerSpectrum();
    return (at: number): number[] => {
      spectrum.compute(Float64Array.from(samples.subarray(at, at + SPECTRUM_SAMPLES)));
      return Array.from({ length: 16 }, (_, band) =>
        spectrum.power
          .slice(1 + band * BAND_BINS, 1 + (band + 1) * BAND_BINS)
          .reduce((sum, power) => sum + power, FLOOR),
      );
    };
  });
  let sum = 0;
  let count = 0;
  for (let at = 0; at + SPECTRUM_SAMPLES <= original.length; at += 80) {
    const [wanted = [], got = []] = spectra.map((bandsAt) => bandsAt(at));
    if (wanted.reduce((total, power) => total + power, 0) < 40 * FLOOR) continue;
    for (const [band, power] of wanted.entries()) {
      sum += (10 * Math.log10(power / (got[band] ?? FLOOR))) ** 2;
      count += 1;
    }
  }
  return Math.sqrt(sum / count);
};

/** The speech with one frame in so many lost, and where that is. */
const withLoss = async (percent: number) => {
  const random = new SeededRandom(percent);
  const original = await speak8k(
    'The salon opens at nine, and we have a chair by the window for you on Thursday afternoon.',
  );
  const lost = Array.from({ length: Math.floor(original.length / FRAME) }, () => random.integer(100) < percent);
  return { original, lost };
};

const play = (
  original: Int16Array,
  lost: readonly boolean[],
  conceal: (frame: Int16Array, isLost: boolean) => void,
) => {
  const heard = original.slice();
  for (const [index, isLost] of lost.entries()) conceal(heard.subarray(index * FRAME, (index + 1) * FRAME), isLost);
  return heard;
};

test.each([5, 10])(
  'of speech with %d in 100 packets lost more is left than with silence in their place',
  async (percent) => {
    const { original, lost } = await withLoss(percent);
    const concealment = new Concealment();
    const concealed = play(original, lost, (frame, isLost) => {
      if (isLost) concealment.process(frame, none);
      else if (concealment.busy) concealment.process(frame, all);
      else concealment.learn(frame);
    });
    const silenced = play(original, lost, (frame, isLost) => {
      if (isLost) frame.fill(0);
    });
    expect(spectralDistortion(original, concealed)).toBeLessThan(0.7 * spectralDistortion(original, silenced));
  },
);

test('the end of a gap is no click', () => {
  // Out of phase behind the gap: the invented sound and what follows do not fit.
  const concealment = new Concealment();
  for (let index = 0; index < 3; index += 1) concealment.learn(tone(index * FRAME));
  const gap = new Int16Array(FRAME);
  concealment.process(gap, none);
  const after = tone(4 * FRAME + 40);
  concealment.process(after, all);
  const joined = [...gap.slice(-2), ...after.slice(0, 80)];
  const steps = joined.slice(1).map((sample, index) => Math.abs(sample - (joined[index] ?? 0)));
  const largest = Math.max(...Array.from(tone(0), (sample, index) => Math.abs(sample - (tone(-1)[index] ?? 0))));
  expect(Math.max(...steps)).toBeLessThan(1.5 * largest);
});
