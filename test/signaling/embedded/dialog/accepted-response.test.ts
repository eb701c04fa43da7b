import { expect, test } from 'vitest';
import { AcceptedResponse } from '../../../../src/signaling/embedded/dialog/accepted-response.js';
import { timerDefaults } from '../../../../src/signaling/embedded/transaction/timer-values.js';
import { FakeClock } from '../../../support/fake-clock.js';

function start(timers = timerDefaults as { t1Ms: number; t2Ms: number; t4Ms: number }) {
  const clock = new FakeClock();
  const repeats: number[] = [];
  const timeouts: number[] = [];
  const response = new AcceptedResponse({
    clock,
    timers,
    repeat: () => repeats.push(clock.now()),
    onTimeout: () => timeouts.push(clock.now()),
  });
  return { clock, repeats, timeouts, response };
}

test('repeats after 0.5, 1, 2 s and then every 4 s, and gives up at 32 s', () => {
  const { clock, repeats, timeouts } = start();
  clock.advance(100_000);
  expect(repeats).toEqual([500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
  expect(timeouts).toEqual([32_000]);
  expect(clock.pendingTimers).toBe(0);
});

test('a repetition that would fall on the end is left out', () => {
  const { clock, repeats, timeouts } = start({ t1Ms: 100, t2Ms: 100, t4Ms: 500 });
  clock.advance(100_000);
  expect(repeats.at(-1)).toBe(6300);
  expect(timeouts).toEqual([6400]);
});

test('stops for good', () => {
  const { clock, repeats, timeouts, response } = start();
  clock.advance(600);
  response.stop();
  response.stop();
  clock.advance(100_000);
  expect([repeats, timeouts]).toEqual([[500], []]);
});
