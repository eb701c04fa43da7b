import { beforeAll, expect, test } from 'vitest';
import { compileFlite, type Segment, synthesise } from '../../../src/cascade/flite/synthesise.mjs';
import { estimateWordTimes } from '../../../src/cascade/flite/word-times.js';

/** Sounds of 100 ms, pauses of 200 ms. */
function utterance(...phrases: readonly number[]): Segment[] {
  const segments: Segment[] = [];
  let endMs = 0;
  const push = (name: string, ms: number): void => {
    endMs += ms;
    segments.push({ name, endMs });
  };
  push('pau', 200);
  for (const sounds of phrases) {
    for (let n = 0; n < sounds; n += 1) push('ah', 100);
    push('pau', 200);
  }
  return segments;
}

test('a phrase is shared out by letters', () => {
  expect(estimateWordTimes('a bbb cc', [utterance(6)])).toEqual([
    { text: 'a', startMs: 200 },
    { text: 'bbb', startMs: 300 },
    { text: 'cc', startMs: 600 },
  ]);
});

test('words after a pause begin where the pause ends', () => {
  expect(estimateWordTimes('aaa, bb. cccc', [utterance(3, 2), utterance(4)])).toEqual([
    { text: 'aaa,', startMs: 200 },
    { text: 'bb.', startMs: 700 },
    { text: 'cccc', startMs: 1300 },
  ]);
});

test('an abbreviation is no pause', () => {
  expect(
    estimateWordTimes('aaaa Dr. bbbb. cccccccc', [utterance(10), utterance(8)]).map(({ startMs }) => startMs),
  ).toEqual([200, 600, 800, 1600]);
});

test('a pause without punctuation goes where the lengths agree', () => {
  const times = estimateWordTimes('aaaaaaaaaa bbbbb ccccc', [utterance(10, 10)]);
  expect(times.map(({ startMs }) => startMs)).toEqual([200, 1400, 1900]);
});

test('of two gaps that fit equally, the one with punctuation has the pause', () => {
  const starts = (text: string): number[] => estimateWordTimes(text, [utterance(9, 9)]).map(({ startMs }) => startMs);
  expect(starts('aaaa aaaa, aa aaaa aaaa')).toEqual([200, 700, 1300, 1500, 1800]);
  expect(starts('aaaa aaaa aa, aaaa aaaa')).toEqual([200, 600, 900, 1300, 1800]);
});

test('digits and signs take longer than letters', () => {
  const [, second] = estimateWordTimes('1234 abcdabcdabcdabcd', [utterance(32)]);
  expect(second?.startMs).toBe(200 + 1600);
});

test('more pauses than words, no sound, no words', () => {
  expect(estimateWordTimes('1', [utterance(2, 2, 2)])).toEqual([{ text: '1', startMs: 200 }]);
  expect(estimateWordTimes('a b', [])).toEqual([
    { text: 'a', startMs: 0 },
    { text: 'b', startMs: 0 },
  ]);
  expect(estimateWordTimes('', [utterance(2)])).toEqual([]);
});

let flite: Awaited<ReturnType<typeof compileFlite>>;
beforeAll(async () => {
  flite = await compileFlite();
});

test.each(['kal16', 'awb', 'rms', 'slt'] as const)(
  '%s: words begin within 200 ms of the sound that is theirs',
  (voice) => {
    // Each word begins with a sound that no other has: so the truth is in the names of the sounds.
    const cases = [
      { text: 'Hello there, this is Doctor Smith speaking.', word: 'Smith', sounds: ['s', 'm'] },
      { text: 'We open tomorrow at nine, and we close at five.', word: 'five.', sounds: ['f', 'ay'] },
      { text: 'Please tell me your name and number.', word: 'your', sounds: ['y'] },
    ];
    for (const { text, word, sounds } of cases) {
      const { utterances } = synthesise(flite, voice, text);
      const segments = utterances[0] ?? [];
      const at = segments.findIndex((_, i) => sounds.every((name, n) => segments[i + n]?.name === name));
      const startMs = segments[at - 1]?.endMs ?? Number.NaN;
      const estimate = estimateWordTimes(text, utterances).find((candidate) => candidate.text === word);
      expect(Math.abs((estimate?.startMs ?? Number.NaN) - startMs)).toBeLessThan(200);
    }
  },
);

test('times never decrease', () => {
  const text = 'One, two; three: it is $5 on 12/3. And "more" - really! How nice it is, to be here.';
  const times = estimateWordTimes(text, synthesise(flite, 'slt', text).utterances);
  expect(times.map((word) => word.text).join(' ')).toBe(text);
  for (const [i, { startMs }] of times.entries()) expect(startMs).toBeGreaterThanOrEqual(times[i - 1]?.startMs ?? 0);
});
