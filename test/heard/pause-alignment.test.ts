import { expect, test } from 'vitest';
import { alignPauses, type WordGap } from '../../src/heard/pause-alignment.js';

/** Ends of words, every 5 letters; those at `marks` carry a full stop. */
function gapsWith(marks: readonly number[], total = 100): readonly WordGap[] {
  return Array.from({ length: total / 5 - 1 }, (_, index) => {
    const at = 5 * (index + 1);
    return { at, markCost: marks.includes(at) ? 3 : 0 };
  });
}

/** Where, in letters, each silence was put. */
function places(pauses: readonly number[], gaps: readonly WordGap[]): readonly (number | undefined)[] {
  const pairs = alignPauses(pauses, gaps, 100);
  return pauses.map((_, index) => gaps[pairs.find(([pause]) => pause === index)?.[1] ?? -1]?.at);
}

test('each silence goes to a mark near to it, in order, though words nearer to it have none', () => {
  expect(places([11, 52, 93], gapsWith([15, 50, 90]))).toEqual([15, 50, 90]);
});

test('a voice that slows down carries its marks along', () => {
  expect(places([24, 50], gapsWith([30, 55]))).toEqual([30, 55]);
});

test('a silence far from every mark is put between the words that it fits', () => {
  expect(places([21, 60], gapsWith([60]))).toEqual([20, 60]);
});

test('a mark at which nobody pauses is passed over', () => {
  expect(places([60], gapsWith([25, 60]))).toEqual([60]);
});

test('a silence too near to the last for a word between is within a word', () => {
  expect(places([40, 41.5, 80], gapsWith([40, 80]))).toEqual([40, undefined, 80]);
});

test('nothing to align is nothing', () => {
  expect(alignPauses([], gapsWith([5]), 100)).toEqual([]);
  expect(alignPauses([1, 2], [], 100)).toEqual([]);
});

test('pairs never cross, and nothing is used twice', () => {
  const pairs = alignPauses([20, 22, 24, 60, 61, 62, 63], gapsWith([20, 25, 60]), 100);
  for (const [index, [pause, gap]] of pairs.entries()) {
    const before = pairs[index - 1];
    if (before) expect(pause > before[0] && gap > before[1]).toBe(true);
  }
  expect(pairs.length).toBeGreaterThan(1);
});
