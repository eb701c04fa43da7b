import { expect, test } from 'vitest';
import { AgentWatch, callerTexts, playScript } from '../../src/demo/caller-script.js';
import type { CallEvent } from '../../src/ops/call-event.js';
import type { PhoneCall } from '../../src/phone/phone-call.js';
import { FakeClock } from '../support/fake-clock.js';

const agent = (speaking: boolean): CallEvent => ({ type: 'agent-speaking', callId: 'c', atMs: 0, speaking });
const never = new Promise<never>(() => {});
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

test('waits for the agent to begin and to stop, and leaves no timer', async () => {
  const clock = new FakeClock(0);
  const watch = new AgentWatch();
  await watch.until(false, clock, never);
  const seen: string[] = [];
  void watch.until(true, clock, never).then(() => seen.push('began'));
  await settle();
  expect(seen).toEqual([]);
  watch.onEvent(agent(true));
  await settle();
  expect(seen).toEqual(['began']);
  expect(clock.pendingTimers).toBe(0);
});

test('does not wait for ever, nor for a call that is over', async () => {
  const clock = new FakeClock(0);
  const watch = new AgentWatch();
  const seen: string[] = [];
  void watch.until(true, clock, never).then(() => seen.push('patience ran out'));
  clock.advance(15_000);
  await settle();
  expect(seen).toEqual(['patience ran out']);
  await watch.until(true, clock, Promise.resolve());
  expect(clock.pendingTimers).toBe(0);
});

/** A phone that does at once what it is told. */
function fakePhone(ended: Promise<unknown>) {
  const done: string[] = [];
  const phone = {
    ended,
    say: async () => void done.push('say'),
    press: async (digit: string) => {
      done.push(digit);
      return true;
    },
    hangUp: () => done.push('hang up'),
  };
  return { done, call: phone as unknown as PhoneCall };
}

const lines = {
  request: { text: callerTexts.request, samples: new Int16Array(8) },
  interruption: { text: callerTexts.interruption, samples: new Int16Array(8) },
};

test('asks, presses keys, interrupts, hangs up', async () => {
  const clock = new FakeClock(0);
  const watch = new AgentWatch();
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const { done, call } = fakePhone(ended);
  const outcome = playScript(call, lines, watch, clock, () => {});
  for (const speaking of [true, false, true, false, true]) {
    await settle();
    watch.onEvent(agent(speaking));
    await clock.advanceAsync(2500, 50);
  }
  watch.onEvent(agent(false));
  await clock.advanceAsync(1000, 50);
  expect(done).toEqual(['say', ...'4271950', 'say', 'hang up']);
  end();
  expect((await outcome).pressed.map(({ digit }) => digit).join('')).toBe('4271950');
  expect(clock.pendingTimers).toBe(0);
});

test('a call that ends early is not talked to any more', async () => {
  const clock = new FakeClock(0);
  const { done, call } = fakePhone(Promise.resolve());
  const { spoken, pressed } = await playScript(call, lines, new AgentWatch(), clock, () => {});
  expect([spoken, pressed]).toEqual([[], []]);
  expect(done).toEqual(['hang up']);
  expect(clock.pendingTimers).toBe(0);
});
