import { expect, test } from 'vitest';
import { type RunConditions, rejectionsOf } from './rejection.js';

const good: RunConditions = {
  latenessP99Ms: 0.2,
  stealPercent: 0,
  foreignPercent: 3,
  calls: 100,
  answered: 100,
  endedEarly: 0,
};

test('a run on a quiet machine counts', () => {
  expect(rejectionsOf(good)).toEqual([]);
});

test('a run counts up to the limits themselves', () => {
  expect(rejectionsOf({ ...good, latenessP99Ms: 2, stealPercent: 2, foreignPercent: 20 })).toEqual([]);
});

test.each([
  [{ latenessP99Ms: 2.1 }, 'generator late by 2.1 ms'],
  [{ latenessP99Ms: Number.NaN }, 'generator late by NaN ms'],
  [{ stealPercent: 2.5 }, 'steal 2.5 %'],
  [{ foreignPercent: 21 }, 'others took 21 % of the core'],
  [{ answered: 98 }, '2 calls not answered'],
  [{ endedEarly: 1 }, '1 calls ended early'],
])('a run with %o does not count', (conditions, reason) => {
  expect(rejectionsOf({ ...good, ...conditions })).toEqual([reason]);
});
