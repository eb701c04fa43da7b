import { expect, test } from 'vitest';
import { amplitudeAt } from '../../src/audio/amplitude.js';

test('a threshold in dBFS is an amplitude', () => {
  expect(amplitudeAt(0)).toBe(32_768);
  expect(amplitudeAt(-20)).toBeCloseTo(3276.8, 6);
  expect(amplitudeAt(-50)).toBeCloseTo(103.6, 1);
});
