import { expect, test } from 'vitest';
import { Concealment } from '../../../src/media/caller/concealment.js';
import { lossy, spectralDistortionDb } from '../../support/lossy-speech.js';

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

test.each([5, 10])(
  'of speech with %d in 100 packets lost more is left than with silence in their place',
  async (percent) => {
    const { original, concealed, silenced } = await lossy(percent);
    const distortion = spectralDistortionDb(original, concealed);
    expect(distortion).toBeLessThan(0.7 * spectralDistortionDb(original, silenced));
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
