import { expect, test } from 'vitest';
import { alignPauses } from '../../src/call/pause-alignment.js';

test('each silence goes to the mark nearest to it, in order', () => {
  expect(alignPauses([10, 50, 90], [12, 47, 95])).toEqual([
    [0, 0],
    [1, 1],
    [2, 2],
  ]);
});

test('a silence without a mark, and a mark without a silence, are left alone', () => {
  expect(alignPauses([10, 50, 90], [11, 91])).toEqual([
    [0, 0],
    [2, 1],
  ]);
  expect(alignPauses([50], [10, 51, 90])).toEqual([[0, 1]]);
  expect(alignPauses([10], [60])).toEqual([]);
});

test('nothing to align is nothing', () => {
  expect(alignPauses([], [1, 2])).toEqual([]);
  expect(alignPauses([1, 2], [])).toEqual([]);
});

test('pairs never cross', () => {
  const pairs = alignPauses(
    [20, 22, 24, 60],
    [23, 21, 61].sort((a, b) => a - b),
  );
  for (const [index, [pause, mark]] of pairs.entries()) {
    const before = pairs[index - 1];
    if (before) expect(pause > before[0] && mark > before[1]).toBe(true);
  }
  expect(pairs).toHaveLength(3);
});
