import { expect, test } from 'vitest';
import { RealtimeGuard } from '../../../src/media/native/realtime-guard.js';

/** A thread that wakes every 5 ms, and what its guard says; `restedMs` of each five. */
function thread() {
  const guard = new RealtimeGuard();
  let nowMs = 1_000;
  const wake = (lateMs: number, restedMs: number) => guard.heed(nowMs, lateMs, restedMs);
  /** What was said in so much time, by when. */
  const pass = (ms: number, lateMs: number, restedMs: number) => {
    const said: [number, string][] = [];
    for (let passed = 5; passed <= ms; passed += 5) {
      nowMs += 5;
      const advice = wake(lateMs, restedMs);
      if (advice !== undefined) said.push([passed, advice]);
    }
    return said;
  };
  const idle = (ms: number) => {
    nowMs += ms;
  };
  return { pass, idle };
}

test('a thread that falls far behind is one among others until it is on time', () => {
  const { pass } = thread();
  expect(pass(500, 149, 3)).toEqual([]);
  expect(pass(500, 150, 0)).toEqual([[5, 'give-up']]);
  expect(pass(500, 3, 0)).toEqual([]);
  expect(pass(20, 2, 3)).toEqual([[5, 'take']]);
});

test('so is one that just keeps up and hardly rests: what makes it faster needs the core', () => {
  const { pass } = thread();
  pass(300, 0, 3);
  const [[, first] = []] = pass(600, 20, 0.2);
  expect(first).toBe('give-up');
  // On time now and then is not enough.
  expect(pass(1_000, 0, 0.5)).toEqual([]);
  expect(pass(600, 0, 2).map(([, advice]) => advice)).toEqual(['take']);
});

test('a thread that works hard and rests a little keeps its priority, as does one that had nothing to do', () => {
  const { pass, idle } = thread();
  expect(pass(2_000, 1, 0.5)).toEqual([]);
  idle(60_000);
  expect(pass(2_000, 1, 0.5)).toEqual([]);
});
