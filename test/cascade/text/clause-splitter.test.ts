import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ClauseSplitter,
  type ClauseSplitterOptions,
  clauseSplitterDefaults,
  clausesOf,
} from '../../../src/cascade/text/clause-splitter.js';

/** The pieces of a text that comes `step` characters at a time. */
function pieces(text: string, step = 3, options: ClauseSplitterOptions = clauseSplitterDefaults): readonly string[] {
  const splitter = new ClauseSplitter(options);
  const result: string[] = [];
  for (let start = 0; start < text.length; start += step)
    result.push(...splitter.push(text.slice(start, start + step)));
  return [...result, ...splitter.flush()];
}

const trimmed = (text: string): readonly string[] => pieces(text).map((piece) => piece.trim());

describe('the first piece', () => {
  test('ends at the first comma that leaves a clause worth saying', () => {
    expect(trimmed('Well, your order left us this morning, so it will be there on Friday. Anything else?')).toEqual([
      'Well, your order left us this morning,',
      'so it will be there on Friday.',
      'Anything else?',
    ]);
  });

  test('ends before a conjunction that has no comma', () => {
    expect(trimmed('Your parcel is at the depot and it leaves tomorrow.')).toEqual([
      'Your parcel is at the depot',
      'and it leaves tomorrow.',
    ]);
  });

  test('is a short sentence as soon as there is one', () => {
    expect(trimmed('Yes. We are open on Sunday, all day, as it happens.')).toEqual([
      'Yes.',
      'We are open on Sunday, all day, as it happens.',
    ]);
  });

  test('comes with the token that completes it, not at the end of the answer', () => {
    const splitter = new ClauseSplitter();
    expect(splitter.push('Let me look that up for you,')).toEqual([]);
    expect(splitter.push(' one')).toEqual(['Let me look that up for you,']);
  });
});

describe('what belongs together stays together', () => {
  test.each([
    ['a decimal', 'It costs 12.50 for you today. Fine?'],
    ['a decimal that comes digit by digit', 'The total is 1.5 kilos. Fine?'],
    ['a thousand', 'You have 1,250 points by now. Fine?'],
    ['a number in groups', 'You can call us on 555, 0123, 99 any day. Fine?'],
    ['a title', 'Dr. Miller and Mrs. Jones see you. Fine?'],
    ['an abbreviation', 'Bring papers, e.g. a passport. Fine?'],
    ['initials', 'Ask for J. R. Smith in the U.S. office. Fine?'],
    ['a time', 'We close at 5 p.m. on that day. Fine?'],
    ['an ordinal', 'Der Termin ist am 3. Mai um zehn. Fine?'],
    ['an address of the web', 'See www.example.com/help?a=1 now. Fine?'],
    ['an address of mail', 'Write to jo.doe@example.co.uk now. Fine?'],
  ])('%s', (_, text) => {
    for (let step = 1; step < 6; step += 1) {
      const split = pieces(text, step, { ...clauseSplitterDefaults, firstClauseCharacters: 200 });
      expect(split.map((piece) => piece.trim())).toEqual([text.slice(0, -' Fine?'.length), 'Fine?']);
    }
  });

  test('a number at a comma, in the first clause', () => {
    expect(trimmed('The number you want is 555, 0123, and nothing else.')).toEqual([
      'The number you want is 555, 0123,',
      'and nothing else.',
    ]);
  });
});

test('a line of a list ends where the line ends', () => {
  expect(trimmed('- a cut\n- a wash\n')).toEqual(['- a cut', '- a wash']);
});

test('sentences without blanks between them are told apart', () => {
  expect(trimmed('はい。金曜日に届きます。')).toEqual(['はい。', '金曜日に届きます。']);
});

test('a sentence without end is cut at a comma, or between words', () => {
  const options = { firstClauseCharacters: 20, maxCharacters: 60 };
  for (const piece of pieces('word '.repeat(60), 7, options)) expect(piece.length).toBeLessThanOrEqual(60);
  expect(pieces('x'.repeat(150), 150, options).map(({ length }) => length)).toEqual([60, 60, 30]);
});

test('whatever the text and however it comes, the pieces joined are the text, and none is too long', () => {
  const part = fc.constantFrom(
    'a',
    'Dr.',
    '3',
    '.',
    ',',
    ' ',
    '\n',
    '12.5',
    'and',
    '!',
    '”',
    '😀',
    '。',
    'word',
    ' - ',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (parts, step) => {
      const text = parts.join('');
      const split = pieces(text, step, { firstClauseCharacters: 8, maxCharacters: 40 });
      expect(split.join('')).toBe(text);
      for (const piece of split) expect(piece.length).toBeLessThanOrEqual(40);
    }),
  );
});

test('a text that is complete is cut into clauses of a length at least, joined the text again', () => {
  const text = 'Yes. Let me look, and I will tell you at 10,000 paces, or less. It is free!';
  expect(clausesOf(text, 12)).toEqual([
    'Yes. Let me look,',
    ' and I will tell you at 10,000 paces,',
    ' or less. It is free!',
  ]);
  expect(clausesOf('Just one', 3)).toEqual(['Just one']);
  expect(clausesOf('', 3)).toEqual(['']);
});

// What takes time that grows with the square of the text meets the time limit of the test.
test.each([
  ['dots', '.'],
  ['blanks and dots', '. . '],
  ['initials', 'J. '],
  ['commas', '1, '],
  ['line feeds', '\n'],
])('%s without end that come all at once are cut before long', (_, part) => {
  const text = `${part.repeat(20_000 / part.length)}x`;
  const splitter = new ClauseSplitter();
  expect([...splitter.push(text), ...splitter.flush()].join('')).toBe(text);
});
