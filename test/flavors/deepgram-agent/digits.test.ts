import { expect, test } from 'vitest';
import { DigitCollector } from '../../../flavors/deepgram-agent/digits.js';
import { FakeClock } from '../../support/fake-clock.js';

test('a number is told when # ends it, after a pause, or once it is longer than any number', () => {
  const told: string[] = [];
  const clock = new FakeClock();
  const digits = new DigitCollector(1_000, clock, (number) => void told.push(number));
  for (const digit of ['4', '2', '#', '7']) digits.add(digit);
  expect(told.splice(0)).toEqual(['42#']);
  clock.advance(900);
  digits.add('2');
  clock.advance(999);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(told.splice(0)).toEqual(['72']);
  digits.add('1'.repeat(130));
  expect(told).toEqual(['1'.repeat(64), '1'.repeat(64)]);
  digits.close();
  expect(clock.pendingTimers).toBe(0);
});
