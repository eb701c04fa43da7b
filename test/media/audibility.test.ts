import { expect, test } from 'vitest';
import { amplitudeAt, isAudible } from '../../src/media/audibility.js';

test('a threshold in dBFS is an amplitude', () => {
  expect(amplitudeAt(0)).toBe(32_768);
  expect(amplitudeAt(-20)).toBeCloseTo(3276.8, 6);
  expect(amplitudeAt(-50)).toBeCloseTo(103.6, 1);
});

test('one sample of either sign that reaches the threshold is audible', () => {
  const quiet = new Int16Array(160).fill(103);
  expect(isAudible(quiet, -50)).toBe(false);
  expect(isAudible(new Int16Array([...quiet, 104]), -50)).toBe(true);
  expect(isAudible(new Int16Array([...quiet, -104]), -50)).toBe(true);
});

test('coded silence is not audible', () => {
  expect(isAudible(new Int16Array(160).fill(8), -50)).toBe(false);
  expect(isAudible(new Int16Array(0), -50)).toBe(false);
});
