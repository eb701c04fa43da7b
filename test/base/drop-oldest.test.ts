import { expect, test } from 'vitest';
import { dropOldest } from '../../src/base/drop-oldest.js';

test('what was put in first is forgotten first, and no more than must be', () => {
  const kept = new Set(['a', 'b', 'c', 'd']);
  dropOldest(kept, 4);
  expect([...kept]).toEqual(['a', 'b', 'c', 'd']);
  dropOldest(kept, 2);
  expect([...kept]).toEqual(['c', 'd']);
});

test('an entry of a map that was put in anew is not the oldest', () => {
  const kept = new Map([
    ['a', 1],
    ['b', 2],
  ]);
  kept.delete('a');
  kept.set('a', 3);
  dropOldest(kept, 1);
  expect([...kept]).toEqual([['a', 3]]);
});
