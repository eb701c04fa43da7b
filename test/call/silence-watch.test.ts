import { expect, test } from 'vitest';
import { SilenceWatch } from '../../src/call/silence-watch.js';

/** Shows frames for `ms`; how often the limit was reported. */
function show(watch: SilenceWatch, ms: number, { voiced = false, agent = false } = {}): number {
  let reports = 0;
  for (let shownMs = 0; shownMs < ms; shownMs += 20) if (watch.onFrame(voiced, agent) === 'limit') reports += 1;
  return reports;
}

test('reports once, when the limit is reached', () => {
  const watch = new SilenceWatch({ limitMs: 1000, repromptMs: 500, reprompts: 0 });
  expect(show(watch, 980)).toBe(0);
  expect(show(watch, 20)).toBe(1);
  expect(show(watch, 5000)).toBe(0);
});

test('a voiced frame begins the count anew', () => {
  const watch = new SilenceWatch({ limitMs: 1000, repromptMs: 500, reprompts: 0 });
  show(watch, 980);
  expect(show(watch, 20, { voiced: true })).toBe(0);
  expect(show(watch, 980)).toBe(0);
  expect(show(watch, 20)).toBe(1);
});

test('the agent speaking stops the count, and does not begin it anew', () => {
  const watch = new SilenceWatch({ limitMs: 1000, repromptMs: 500, reprompts: 0 });
  show(watch, 500);
  expect(show(watch, 60_000, { agent: true })).toBe(0);
  expect(show(watch, 480)).toBe(0);
  expect(show(watch, 20)).toBe(1);
});

test('a sign of life begins the count anew, also after a report', () => {
  const watch = new SilenceWatch({ limitMs: 1000, repromptMs: 500, reprompts: 0 });
  show(watch, 980);
  watch.onSign();
  expect(show(watch, 1000)).toBe(1);
  watch.onSign();
  expect(show(watch, 1000)).toBe(1);
});

test('asks as often as it may, with the pause before each, and then gives up', () => {
  const watch = new SilenceWatch({ limitMs: 60_000, repromptMs: 400, reprompts: 2 });
  const decisions: string[] = [];
  for (let atMs = 20; atMs <= 2000; atMs += 20) {
    const decision = watch.onFrame(false, false);
    if (decision) decisions.push(`${decision} ${atMs}`);
  }
  expect(decisions).toEqual(['reprompt 400', 'reprompt 800', 'limit 1200']);
});

test('the question itself is no silence: the pause counts from its end', () => {
  const watch = new SilenceWatch({ limitMs: 60_000, repromptMs: 400, reprompts: 2 });
  for (let atMs = 20; atMs < 400; atMs += 20) watch.onFrame(false, false);
  expect(watch.onFrame(false, false)).toBe('reprompt');
  for (let atMs = 20; atMs <= 1000; atMs += 20) expect(watch.onFrame(false, true)).toBeUndefined();
  for (let atMs = 20; atMs < 400; atMs += 20) expect(watch.onFrame(false, false)).toBeUndefined();
  expect(watch.onFrame(false, false)).toBe('reprompt');
});

test('a word of the caller allows all questions again', () => {
  const watch = new SilenceWatch({ limitMs: 60_000, repromptMs: 100, reprompts: 1 });
  for (let atMs = 20; atMs <= 100; atMs += 20) watch.onFrame(false, false);
  expect(watch.asked).toBe(1);
  watch.onFrame(true, false);
  expect(watch.asked).toBe(0);
});

test('somebody who has not been heard yet is asked sooner, once', () => {
  const watch = new SilenceWatch({ limitMs: 60_000, repromptMs: 1000, firstMs: 200, reprompts: 2 });
  watch.onAnswered();
  const decisions: string[] = [];
  // A click on the line, and nothing behind it: no word.
  expect(watch.onFrame(true, false)).toBeUndefined();
  for (let atMs = 20; atMs <= 1200; atMs += 20) {
    const decision = watch.onFrame(false, false);
    if (decision) decisions.push(`${decision} ${atMs}`);
  }
  expect(decisions).toEqual(['reprompt 200', 'reprompt 1200']);
});

test('who has spoken may take their time', () => {
  const watch = new SilenceWatch({ limitMs: 60_000, repromptMs: 1000, firstMs: 200, reprompts: 2 });
  watch.onAnswered();
  watch.onSign();
  for (let atMs = 20; atMs < 1000; atMs += 20) expect(watch.onFrame(false, false)).toBeUndefined();
  expect(watch.onFrame(false, false)).toBe('reprompt');
});
