import { expect, test } from 'vitest';
import { atMost, exitCodeOf } from './finding.js';

test('a figure at its limit is kept, one beyond is not', () => {
  expect(atMost('ratio', 3.5, 3.5, '')).toEqual({ goal: 'ratio <= 3.5', measured: '3.50', ok: true });
  expect(atMost('pacing', 3.1, 3, ' ms')).toEqual({ goal: 'pacing <= 3 ms', measured: '3.10 ms', ok: false });
});

test('of a figure that was not measured nothing is known', () => {
  expect(atMost('ratio', Number.NaN, 3.5, '')).toEqual({
    goal: 'ratio <= 3.5',
    measured: 'no run counts',
    ok: undefined,
  });
});

test.each([
  [[true, true], 0],
  [[true, undefined], 0],
  [[undefined, false, true], 1],
  [[undefined, undefined], 3],
  [[], 0],
] as const)('the exit code of %j is %i', (oks, code) => {
  expect(exitCodeOf(oks.map((ok) => ({ goal: '', measured: '', ok })))).toBe(code);
});
