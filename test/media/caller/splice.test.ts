import { expect, test } from 'vitest';
import { splice } from '../../../src/media/caller/splice.js';

const FRAME = 160;
const sine = (hz: number, from: number) =>
  Int16Array.from({ length: FRAME }, (_, i) => Math.round(8_000 * Math.sin((2 * Math.PI * hz * (from + i)) / 8_000)));

/** Largest difference of neighbours. */
const step = (samples: Int16Array) =>
  samples.reduce((most, sample, i) => (i === 0 ? 0 : Math.max(most, Math.abs(sample - (samples[i - 1] ?? 0)))), 0);

test.each([97, 130, 220, 333, 1_000])('two frames of %d Hz become one without a click', (hz) => {
  const first = sine(hz, 0);
  const second = sine(hz, FRAME);
  const result = Int16Array.from(second);
  splice(first, result);
  expect(result[0]).toBe(first[0]);
  expect(result[FRAME - 1]).toBe(second[FRAME - 1]);
  expect(step(result)).toBeLessThanOrEqual(step(first) * 1.25);
});

test('two equal frames are one of them', () => {
  const frame = sine(200, 0);
  const result = Int16Array.from(frame);
  splice(frame, result);
  expect(result).toEqual(frame);
});
