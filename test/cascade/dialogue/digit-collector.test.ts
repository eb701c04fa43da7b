import { expect, test } from 'vitest';
import { DigitCollector } from '../../../src/cascade/dialogue/digit-collector.js';
import { FakeClock } from '../../support/fake-clock.js';

test('a number is told when # ends it, after a pause, or once it is longer than any number', () => {
  const told: string[] = [];
  const clock = new FakeClock();
  const digits = new DigitCollector(1_000, clock, (number) => void told.push(number));
  for (const digit of ['4', '2', '#']) digits.add(digit);
  expect(told.splice(0)).toEqual(['42#']);
  digits.add('4');
  clock.advance(900);
  digits.add('2');
  clock.advance(999);
  expect([told, digits.pending]).toEqual([[], true]);
  clock.advance(1);
  expect([told.splice(0), digits.pending]).toEqual([['42'], false]);
  digits.add('1'.repeat(130));
  expect(told).toEqual(['1'.repeat(64), '1'.repeat(64)]);
  digits.add('4');
  digits.close();
  expect(clock.pendingTimers).toBe(0);
});
