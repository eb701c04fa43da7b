import { expect, test } from 'vitest';
import { SilenceWatch } from '../../src/call/silence-watch.js';

/** Shows frames for `ms`; how often the limit was reported. */
function show(watch: SilenceWatch, ms: number, { voiced = false, agent = false } = {}): number {
  let reports = 0;
  for (let shownMs = 0; shownMs < ms; shownMs += 20) if (watch.onFrame(voiced, agent)) reports += 1;
  return reports;
}

test('reports once, when the limit is reached', () => {
  const watch = new SilenceWatch(1000);
  expect(show(watch, 980)).toBe(0);
  expect(show(watch, 20)).toBe(1);
  expect(show(watch, 5000)).toBe(0);
});

test('a voiced frame begins the count anew', () => {
  const watch = new SilenceWatch(1000);
  show(watch, 980);
  expect(show(watch, 20, { voiced: true })).toBe(0);
  expect(show(watch, 980)).toBe(0);
  expect(show(watch, 20)).toBe(1);
});

test('the agent speaking stops the count, and does not begin it anew', () => {
  const watch = new SilenceWatch(1000);
  show(watch, 500);
  expect(show(watch, 60_000, { agent: true })).toBe(0);
  expect(show(watch, 480)).toBe(0);
  expect(show(watch, 20)).toBe(1);
});

test('a sign of life begins the count anew, also after a report', () => {
  const watch = new SilenceWatch(1000);
  show(watch, 980);
  watch.onSign();
  expect(show(watch, 1000)).toBe(1);
  watch.onSign();
  expect(show(watch, 1000)).toBe(1);
});
