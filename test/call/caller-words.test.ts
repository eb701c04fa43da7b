import { expect, test } from 'vitest';
import { CallerWords } from '../../src/call/caller-words.js';

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
