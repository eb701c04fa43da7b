import { expect, test } from 'vitest';
import { TextSeam } from '../../../../src/cascade/engines/whisper/text-seam.js';

/** Two texts of 10 s each, which have 3 s in common, as one. */
function joined(first: string, second: string): string {
  const seam = new TextSeam(3_000);
  const before = seam.close({ text: first, ms: 10_000 }, { text: second, ms: 10_000 });
  return `${before} ${seam.rest(second)}`.trim();
}

const whole =
  'I would like to book a haircut for my daughter on Friday afternoon and a colouring for me if you have time';

test.each([
  [
    'both are right',
    'I would like to book a haircut for my daughter on Friday',
    'daughter on Friday afternoon and a colouring for me if you have time',
  ],
  [
    'halves of words at the edges',
    'I would like to book a haircut for my daughter on Fry',
    'ter on Friday afternoon and a colouring for me if you have time',
  ],
  [
    'case and points',
    'I would like to book a haircut for my daughter. On Friday.',
    'Daughter, on Friday afternoon and a colouring for me if you have time',
  ],
  ['nothing of the one', '', whole],
  ['nothing of the other', whole, ''],
])('two texts are one: %s', (_, first, second) => {
  const letters = (text: string): string => text.toLowerCase().replace(/[.,]/g, '');
  expect(letters(joined(first, second))).toBe(letters(whole));
});

test('what the caller says several times is said as often', () => {
  const first = 'yes my number is four four four four';
  const second = 'four four four seven seven seven one';
  // About three words in each second: four of the eight are common at most.
  expect(joined(first, second)).toBe('yes my number is four four four four seven seven seven one');
});

test('texts that have no word in common are joined by the time', () => {
  const first = 'one two three four five six seven eight nine ten';
  const second = 'acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn';
  const words = joined(first, second).split(' ');
  expect(words).toHaveLength(17);
  expect(words[0]).toBe('one');
  expect(words.at(-1)).toBe('siebzehn');
});

test('a text of the second that comes later, longer and with other words, goes on at the same place', () => {
  const seam = new TextSeam(3_000);
  const before = seam.close(
    { text: 'please tell him that I called about the red car', ms: 10_000 },
    { text: 'I called about the read car.', ms: 3_000 },
  );
  for (const [later, rest] of [
    ['I called about the red cart', 'the red cart'],
    ['I called about the red car that he wants to sell', 'the red car that he wants to sell'],
    ['Eye called about the red car that he wants to sell.', 'the red car that he wants to sell.'],
  ] as const) {
    expect(`${before} ${seam.rest(later)}`).toBe(`please tell him that I called about ${rest}`);
  }
  expect(seam.before(before)).toBe('please tell him that');
});
