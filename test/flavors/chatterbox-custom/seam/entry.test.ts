import { expect, test } from 'vitest';
import { entryWord } from '../../../../flavors/chatterbox-custom/seam/entry.js';

/** Four words of 300 ms, a pause of 400 ms before the last. */
const words = [
  { index: 0, startMs: 0, endMs: 300 },
  { index: 4, startMs: 300, endMs: 600 },
  { index: 8, startMs: 600, endMs: 900 },
  { index: 12, startMs: 1_300, endMs: 1_600 },
];
const entry = (ms: number, spreadMs = 20) => entryWord(words, [{ ms, spreadMs }])?.index;

test('the word that is under way is begun again', () => {
  expect(entry(450)).toBe(4);
  expect(entry(700)).toBe(8);
});

test('between two words the next one is begun, also after a pause', () => {
  expect(entry(600, 10)).toBe(8);
  expect(entry(1_100)).toBe(12);
});

test('where the place is unsure a word is rather said twice than lost', () => {
  expect(entry(620)).toBe(8);
  expect(entry(620, 150)).toBe(4);
});

test('where two hints disagree the earlier one counts', () => {
  const hints = (ms: number, otherMs: number) => [
    { ms, spreadMs: 60 },
    { ms: otherMs, spreadMs: 60 },
  ];
  expect(entryWord(words, hints(450, 450))?.index).toBe(4);
  expect(entryWord(words, hints(450, 1_450))?.index).toBe(4);
});

test('of no words none is told', () => {
  expect(entryWord([], [{ ms: 100, spreadMs: 60 }])).toBe(undefined);
});
