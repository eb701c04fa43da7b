import { expect, test } from 'vitest';
import { DigitCollector } from '../../../flavors/deepgram-agent/digits.js';

test('a number is told at once when # ends it', () => {
  const told: string[] = [];
  const digits = new DigitCollector(60_000, (number) => void told.push(number));
  for (const digit of ['4', '2', '#', '7']) digits.add(digit);
  expect(told).toEqual(['42#']);
  digits.close();
});

test('keys without end are told in pieces', () => {
  const told: string[] = [];
  const digits = new DigitCollector(60_000, (number) => void told.push(number));
  digits.add('1'.repeat(130));
  expect(told).toEqual(['1'.repeat(64), '1'.repeat(64)]);
  digits.close();
});
