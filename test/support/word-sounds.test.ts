import { expect, test } from 'vitest';
import { exactWordTimes } from './speech.js';
import { wordsBySound } from './word-sounds.js';

const segments = (...sounds: readonly (readonly [name: string, endMs: number])[]) =>
  sounds.map(([name, endMs]) => ({ name, endMs }));

test('words are found by their sounds, also where one is left out or spoken otherwise', () => {
  const alone = [
    segments(['dh', 1], ['ah', 2]),
    segments(['k', 1], ['ae', 2], ['t', 3]),
    segments(['s', 1], ['ae', 2], ['t', 3]),
  ];
  const spoken = [
    segments(['pau', 100], ['dh', 150], ['iy', 220], ['k', 300], ['ae', 400], ['s', 500], ['ae', 600], ['t', 700]),
  ];
  expect(wordsBySound(['The', 'cat', 'sat'], alone, spoken).map(({ startMs }) => startMs)).toEqual([100, 220, 400]);
});

test('a text of several sentences has all its words, in order', async () => {
  const words = await exactWordTimes('Yes, of course. It left at half past seven.');
  expect(words).toHaveLength(9);
  for (const [index, { startMs }] of words.entries()) expect(startMs).toBeGreaterThan(words[index - 1]?.startMs ?? 0);
});
