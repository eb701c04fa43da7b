import { expect, test } from 'vitest';
import { FlushBudget } from '../../../../src/cascade/engines/deepgram/flush-budget.js';
import { splitText } from '../../../../src/cascade/engines/deepgram/split-text.js';
import { FakeClock } from '../../../support/fake-clock.js';

test('no 60 s ever see more than 20 flushes', () => {
  const clock = new FakeClock();
  const budget = new FlushBudget(clock);
  const times: number[] = [];
  for (let ms = 0; ms < 300_000; ms += 100) {
    if (budget.take()) times.push(clock.now());
    clock.advance(100);
  }
  expect(times.length).toBeGreaterThan(90);
  for (const [index, atMs] of times.entries()) {
    expect((times[index + 20] ?? Number.POSITIVE_INFINITY) - atMs).toBeGreaterThan(60_000);
  }
});

test('a reserve is left alone, and taken at the end', () => {
  const budget = new FlushBudget(new FakeClock());
  let taken = 0;
  while (budget.take(6)) taken += 1;
  expect(taken).toBe(14);
  while (budget.take()) taken += 1;
  expect(taken).toBe(20);
});

test('it says how long to wait', () => {
  const clock = new FakeClock();
  const budget = new FlushBudget(clock);
  expect(budget.waitMs).toBe(0);
  while (budget.take()) clock.advance(10);
  clock.advance(budget.waitMs - 1);
  expect(budget.take()).toBe(false);
  clock.advance(1);
  expect(budget.take()).toBe(true);
});

test('a refusal is believed', () => {
  const clock = new FakeClock();
  const budget = new FlushBudget(clock);
  budget.refused();
  expect(budget.take()).toBe(false);
  clock.advance(budget.waitMs);
  expect(budget.take()).toBe(true);
});

test.each([
  ['a short text stays whole', 'Hello there.', 40, ['Hello there.']],
  ['a long one is cut behind a sentence', 'One is. Two is long.', 12, ['One is.', 'Two is long.']],
  ['else between words', 'one two three four', 9, ['one two', 'three', 'four']],
  ['else anywhere', 'abcdefgh', 3, ['abc', 'def', 'gh']],
  ['but not through a character', '😀😀😀', 3, ['😀', '😀', '😀']],
])('%s', (_name, text, limit, pieces) => {
  expect(splitText(text, limit)).toEqual(pieces);
});
