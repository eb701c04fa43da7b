import { expect, test } from 'vitest';
import { CallTimers } from '../../src/call/call-timers.js';
import { FakeClock } from '../support/fake-clock.js';

function setUp() {
  const clock = new FakeClock(0);
  const fired: string[] = [];
  const delaysMs = { delay: 10, open: 20, warning: 5_000, duration: 30, abandon: 40 };
  const timers = new CallTimers(clock, delaysMs, (timer) => fired.push(`${timer} ${clock.now()}`));
  return { clock, fired, timers };
}

test('each runs out after its own time, once', () => {
  const { clock, fired, timers } = setUp();
  for (const timer of ['abandon', 'duration', 'open', 'delay'] as const) timers.arm(timer);
  clock.advance(100);
  expect(fired).toEqual(['delay 10', 'open 20', 'duration 30', 'abandon 40']);
});

test('armed again it starts anew', () => {
  const { clock, fired, timers } = setUp();
  timers.arm('delay');
  clock.advance(6);
  timers.arm('delay');
  expect(clock.pendingTimers).toBe(1);
  clock.advance(100);
  expect(fired).toEqual(['delay 16']);
});

test('disarmed it does not run out; disarming what does not run does nothing', () => {
  const { clock, fired, timers } = setUp();
  timers.disarm('open');
  timers.arm('open');
  timers.disarm('open');
  timers.disarm('open');
  clock.advance(100);
  expect([fired, clock.pendingTimers]).toEqual([[], 0]);
});
