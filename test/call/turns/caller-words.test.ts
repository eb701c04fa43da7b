import { expect, test } from 'vitest';
import { CallerWords } from '../../../src/call/turns/caller-words.js';

const transcript = (turnId: string, text: string, final = false, role: 'caller' | 'agent' = 'caller') =>
  ({ type: 'transcript', role, turnId, text, final }) as const;

test('what comes while a stretch lasts, or after it, is of that stretch', () => {
  const words = new CallerWords(['mm']);
  words.onStretch();
  expect(words.read(transcript('a', 'wait a'), 0)).toEqual({ count: 2, backChannel: false, final: false });
  expect(words.read(transcript('a', 'mm', true), 900)).toEqual({ count: 1, backChannel: true, final: true });
});

test('the words of an earlier turn are of that turn, also when they come first in the next stretch', () => {
  const words = new CallerWords([]);
  words.onStretch();
  words.read(transcript('a', 'do you'), 0);
  words.onTurnOver(1000);
  words.onStretch();
  words.onTurnOver(2000);
  words.onStretch();
  expect(words.read(transcript('a', 'do you open', true), 2100)).toBeUndefined();
  expect(words.read(transcript('b', 'on Sundays', true), 2200)).toBeUndefined();
  expect(words.read(transcript('c', 'stop', true), 2300)).toMatchObject({ count: 1 });
});

test('a turn that was never transcribed claims no words after 3 s', () => {
  const words = new CallerWords([]);
  words.onStretch();
  words.onTurnOver(1000);
  words.onStretch();
  expect(words.read(transcript('b', 'stop'), 4001)).toMatchObject({ count: 1 });
});

test('the agent\u2019s own words are not the caller\u2019s', () => {
  const words = new CallerWords([]);
  words.onStretch();
  expect(words.read(transcript('a', 'hello', true, 'agent'), 0)).toBeUndefined();
});

test('ids without end are not remembered without end', () => {
  const words = new CallerWords([]);
  words.onStretch();
  words.read(transcript('first', 'one'), 0);
  words.onStretch();
  for (let index = 0; index < 31; index += 1) words.read(transcript(`t${index}`, 'one'), 0);
  expect(words.read(transcript('first', 'one two'), 0)).toBeUndefined();
  words.read(transcript('t31', 'one'), 0);
  expect(words.read(transcript('first', 'one two'), 0)).toMatchObject({ count: 2 });
});

test('of turns without end that are never transcribed only those of the last 3 s are remembered', () => {
  const words = new CallerWords([]);
  for (let turn = 1; turn <= 100; turn += 1) {
    words.onStretch();
    words.onTurnOver(turn * 1000);
  }
  expect(words.due).toBe(4);
});

test('words of a turn that nobody was heard to begin tell of speech, unless they may be the rest of the last one', () => {
  const words = new CallerWords(['mm']);
  expect(words.tellsOfSpeech(transcript('a', 'stop'), 0)).toBe(true);
  words.onStretch();
  words.read(transcript('a', 'do you open'), 0);
  words.onTurnOver(1000);
  expect(words.tellsOfSpeech(transcript('a', 'do you open late', true), 9000)).toBe(false);
  expect(words.tellsOfSpeech(transcript('b', 'on Sundays', true), 6000)).toBe(false);
  expect(words.tellsOfSpeech(transcript('b', 'stop', true), 6001)).toBe(true);
  expect(words.tellsOfSpeech(transcript('b', 'stop', true, 'agent'), 6001)).toBe(false);
});

test('what interrupts is more than a listener says', () => {
  const words = new CallerWords(['mm']);
  expect(['stop', 'mm', '', 'mm but'].map((text) => words.interrupts(text))).toEqual([true, false, false, true]);
});
