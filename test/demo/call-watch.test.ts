import { expect, test } from 'vitest';
import { CallWatch } from '../../src/demo/call-watch.js';
import { FakeClock } from '../support/fake-clock.js';
import { eventAt } from './sample-account.js';

const never = new Promise<never>(() => {});
const speaking = (value: boolean) => eventAt(0, { type: 'agent-speaking', speaking: value });
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

test('waits until it has come to that, and leaves no timer', async () => {
  const clock = new FakeClock(0);
  const watch = new CallWatch(clock);
  expect(await watch.until((seen) => !seen.speaking, never)).toBe(true);
  const met: boolean[] = [];
  void watch.until((seen) => seen.speaking, never).then((value) => met.push(value));
  await settle();
  expect(met).toEqual([]);
  watch.onEvent(speaking(true));
  await settle();
  expect(met).toEqual([true]);
  expect(clock.pendingTimers).toBe(0);
});

test('does not wait for ever, nor for a call that is over', async () => {
  const clock = new FakeClock(0);
  const watch = new CallWatch(clock);
  const met: boolean[] = [];
  void watch.until((seen) => seen.speaking, never).then((value) => met.push(value));
  clock.advance(15_000);
  await settle();
  expect(met).toEqual([false]);
  expect(await watch.until((seen) => seen.speaking, Promise.resolve())).toBe(false);
  expect(clock.pendingTimers).toBe(0);
});

test('counts speech, answers, tools and verdicts', () => {
  const watch = new CallWatch(new FakeClock(0));
  const verdict = { type: 'barge-in', onsetToPauseMs: 0, decisionToSilenceMs: 0 } as const;
  for (const event of [
    speaking(true),
    speaking(false),
    eventAt(0, { type: 'tool', name: 'find_slots', ok: true, ms: 1 }),
    speaking(true),
    eventAt(0, { type: 'turn', v2vMs: 1, stages: {} }),
    eventAt(0, { ...verdict, resumed: true }),
    eventAt(0, { ...verdict, resumed: false }),
    eventAt(0, { type: 'digit' }),
  ]) {
    watch.onEvent(event);
  }
  expect(watch.seen).toEqual({
    speaking: true,
    starts: 2,
    startsAtTool: 1,
    answers: 1,
    tools: 1,
    resumed: 1,
    interrupted: 1,
  });
});
