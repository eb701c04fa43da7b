import fc from 'fast-check';
import { expect, test } from 'vitest';
import { speakableText, splitIntoPieces } from '../../../src/cascade/flite/speakable-text.js';

test('typographic signs become what can be read', () => {
  expect(speakableText('\u201cI\u2019m here\u201d \u2013 she said\u2026')).toBe('"I\'m here" - she said.');
  expect(speakableText('5 \u20ac or \u00a34')).toBe('5 euros or pounds 4');
});

test('accents are removed, letters stay', () => {
  expect(speakableText('Café in Zürich, naïve Søren, straße')).toBe('Cafe in Zurich, naive Soren, strasse');
});

test('what has no counterpart becomes a blank', () => {
  expect(speakableText('one\u0000two\u200bthree \u{1f600} four\nfive\ttwo  spaces')).toBe(
    'one two three four five two spaces',
  );
});

test('words that nobody can speak are broken', () => {
  expect(
    speakableText('x'.repeat(100))
      .split(' ')
      .map((word) => word.length),
  ).toEqual([40, 40, 20]);
});

test('any text at all comes out as single-spaced printable ASCII in short words', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const speakable = speakableText(text);
      expect(speakable).toMatch(/^(?:[!-~]{1,40}(?: [!-~]{1,40})*)?$/);
      expect(speakableText(speakable)).toBe(speakable);
    }),
    { numRuns: 1000 },
  );
});

test('a short text is one piece', () => {
  expect(splitIntoPieces('Hello there. How are you?')).toEqual(['Hello there. How are you?']);
  expect(splitIntoPieces('')).toEqual([]);
});

test('a long text is cut between sentences', () => {
  const sentence = 'This sentence is about sixty characters long, more or less.';
  expect(splitIntoPieces(Array(5).fill(sentence).join(' '))).toEqual([
    `${sentence} ${sentence}`,
    `${sentence} ${sentence}`,
    sentence,
  ]);
});

test('a long sentence is cut after a comma, or between words', () => {
  const words = 'word '.repeat(25).trim();
  expect(splitIntoPieces(`${words}, ${words}.`)).toEqual([`${words},`, `${words}.`]);
  for (const piece of splitIntoPieces(`${words} ${words} ${words}`)) expect(piece.length).toBeLessThanOrEqual(160);
});

test('pieces joined by blanks are the text, none of them long or empty', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '.', ',', '!', '"', '?'), minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 120 }), (words) => {
      const text = words.join(' ');
      const pieces = splitIntoPieces(text);
      expect(pieces.join(' ')).toBe(text);
      for (const piece of pieces) {
        expect(piece.length).toBeGreaterThan(0);
        expect(piece.length).toBeLessThanOrEqual(161);
      }
    }),
  );
});
