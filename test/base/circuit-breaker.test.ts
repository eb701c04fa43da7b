import { expect, test } from 'vitest';
import { CircuitBreaker } from '../../src/base/circuit-breaker.js';
import { FakeClock } from '../support/fake-clock.js';
import { SeededRandom } from '../support/seeded-random.js';

function setUp() {
  const clock = new FakeClock(0);
  const states: string[] = [];
  const breaker = new CircuitBreaker({ failures: 3, openMs: 1000 }, clock, (state) => states.push(state));
  const fail = (times: number): void => {
    for (let time = 0; time < times; time += 1) breaker.acquire()?.failed();
  };
  return { clock, states, breaker, fail };
}

test('opens after so many failures in a row, and then lets nobody try', () => {
  const { breaker, fail } = setUp();
  fail(2);
  expect(breaker.state).toBe('closed');
  fail(1);
  expect(breaker.state).toBe('open');
  expect(breaker.acquire()).toBeUndefined();
});

test('an answer in between makes the failures before it count no more', () => {
  const { breaker, fail } = setUp();
  fail(2);
  breaker.acquire()?.succeeded();
  fail(2);
  expect(breaker.state).toBe('closed');
});

test('after its time one may try, and only one', () => {
  const { clock, breaker, fail } = setUp();
  fail(3);
  clock.advance(1000);
  expect(breaker.state).toBe('half-open');
  const probe = breaker.acquire();
  expect(probe).toBeDefined();
  expect(breaker.acquire()).toBeUndefined();
  probe?.succeeded();
  expect(breaker.state).toBe('closed');
  expect(breaker.acquire()).toBeDefined();
});

test('a probe that fails opens it for the whole time again', () => {
  const { clock, breaker, fail } = setUp();
  fail(3);
  clock.advance(1000);
  breaker.acquire()?.failed();
  clock.advance(999);
  expect(breaker.acquire()).toBeUndefined();
  clock.advance(1);
  expect(breaker.acquire()).toBeDefined();
});

test('a probe whose caller hung up lets the next one try', () => {
  const { clock, breaker, fail } = setUp();
  fail(3);
  clock.advance(1000);
  breaker.acquire()?.released();
  expect(breaker.acquire()).toBeDefined();
});

test('a permit reports once: a call that failed after it was answered is no answer', () => {
  const { breaker } = setUp();
  for (let time = 0; time < 3; time += 1) {
    const permit = breaker.acquire();
    permit?.failed();
    permit?.succeeded();
  }
  expect(breaker.state).toBe('open');
});

test('sessions that were under way when it opened neither keep it open nor open it anew', () => {
  const { clock, breaker, fail, states } = setUp();
  const late = breaker.acquire();
  fail(3);
  clock.advance(900);
  late?.failed();
  clock.advance(100);
  expect(breaker.acquire()).toBeDefined();
  expect(states).toEqual(['open', 'half-open']);
});

test('with back-off, trials that fail are farther and farther apart, with jitter, up to the limit', () => {
  const clock = new FakeClock(0);
  const backOff = { maxOpenMs: 10_000, random: new SeededRandom(3) };
  const breaker = new CircuitBreaker({ failures: 1, openMs: 1_000, backOff }, clock);
  const closedFor: number[] = [];
  for (let trial = 0; trial < 6; trial += 1) {
    breaker.acquire()?.failed();
    const fromMs = clock.now();
    while (breaker.state === 'open') clock.advance(10);
    closedFor.push(clock.now() - fromMs);
  }
  for (const [trial, ms] of closedFor.entries()) {
    const fullMs = Math.min(10_000, 1_000 * 2 ** trial);
    expect(ms).toBeGreaterThanOrEqual(fullMs * 0.75 - 10);
    expect(ms).toBeLessThanOrEqual(fullMs + 10);
  }
  breaker.acquire()?.succeeded();
  breaker.acquire()?.failed();
  const fromMs = clock.now();
  while (breaker.state === 'open') clock.advance(10);
  expect(clock.now() - fromMs).toBeLessThanOrEqual(1_010);
});
