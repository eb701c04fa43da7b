import { describe, expect, test } from 'vitest';
import {
  endingOf,
  learnEnd,
  learnPause,
  patienceDefaults,
  patienceMs,
  unknownPace,
} from '../../../src/cascade/turns/patience.js';

describe('how a text ends', () => {
  test.each([
    ['Yes.', 'complete'],
    ['Is that so?', 'complete'],
    ['He said “no.”', 'complete'],
    ['A table for 4.', 'complete'],
    ['On the 3rd of May, 12.', 'complete'],
    ['I was thinking', 'open'],
    ['I want a table for.', 'open'],
    ['Well, my number is.', 'open'],
    ['So...', 'open'],
    ['Ich hätte gern einen Tisch und.', 'open'],
    ['It is 079.', 'dictated'],
    ['My number is 0 7 9', 'dictated'],
    ['Oh seven nine.', 'dictated'],
    ['That is J O H.', 'dictated'],
    ['Spelt M-A-Y.', 'dictated'],
    ['Call 555-0123', 'dictated'],
  ])('%s is %s', (text, ending) => {
    expect(endingOf(text)).toBe(ending);
  });
});

test('a caller who pauses long is given longer, one who hardly does less, within bounds', () => {
  let slow = unknownPace;
  let quick = unknownPace;
  for (let pause = 0; pause < 8; pause += 1) {
    slow = learnPause(slow, 1_400);
    quick = learnPause(quick, 150);
  }
  expect(patienceMs('I was', unknownPace, patienceDefaults)).toBe(patienceDefaults.openMs);
  expect(patienceMs('I was', slow, patienceDefaults)).toBeCloseTo(2_240);
  expect(patienceMs('I was', quick, patienceDefaults)).toBe(patienceDefaults.leastOpenMs);
  for (let pause = 0; pause < 8; pause += 1) slow = learnPause(slow, 3_900);
  expect(patienceMs('I was', slow, patienceDefaults)).toBe(patienceDefaults.mostMs);
});

test('digits are never given less than usual, and silence is no pause', () => {
  const quick = learnPause(unknownPace, 100);
  expect(patienceMs('0 7 9', quick, patienceDefaults)).toBe(patienceDefaults.digitsMs);
  expect(learnPause(quick, 60_000)).toBe(quick);
});

test('a caller whose sentences were not the end is given longer after them, until they are again', () => {
  let pace = learnEnd(learnEnd(unknownPace, false), false);
  expect(patienceMs('Yes.', pace, patienceDefaults)).toBeGreaterThan(500);
  for (let turn = 0; turn < 8; turn += 1) pace = learnEnd(pace, true);
  expect(patienceMs('Yes.', pace, patienceDefaults)).toBeLessThan(120);
});
