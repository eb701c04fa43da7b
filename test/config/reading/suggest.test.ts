import { expect, test } from 'vitest';
import { suggest } from '../../../src/config/reading/suggest.js';

const keys = ['calls', 'callsPerSecond', 'perSourcePerSecond', 'codecs', 'use'];

test.each([
  ['call', 'calls'],
  ['CALLS', 'calls'],
  ['clals', 'calls'],
  ['callPerSeconds', 'callsPerSecond'],
  ['codec', 'codecs'],
  ['sue', 'use'],
  ['ues', 'use'],
  ['recording', undefined],
  ['', undefined],
  ['xyz', undefined],
])('%j: %s', (written, expected) => {
  expect(suggest(written, keys)).toBe(expected);
});

test('nothing to suggest from', () => {
  expect(suggest('calls', [])).toBeUndefined();
});
