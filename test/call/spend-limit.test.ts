import { expect, test } from 'vitest';
import { defaultCallPolicies } from '../support/call-policies.js';
import { freeMeter } from '../support/free-meter.js';
import { answer, setUp, slots } from './call-setup.js';

const ending = { ...defaultCallPolicies.ending, spent: { text: 'I have to end this call.' } };

/** A call whose money can be spent. */
function withMeter() {
  const reported: unknown[] = [];
  const noted: (() => number | null)[] = [];
  let exhaust: () => void = () => {};
  const setup = setUp({
    options: { ending },
    deps: {
      beforeAnswer: async (_call, costSoFar) => noted.push(costSoFar),
      openMeter: (onExhausted) => {
        exhaust = onExhausted;
        const cost = { usd: 0.5, unpriced: ['p/other characters'] };
        return { ...freeMeter, add: (usage) => reported.push(usage), cost };
      },
    },
  });
  return { setup, reported, noted, exhaust: () => exhaust() };
}

test('a call that has cost as much as it may hears a goodbye in the voice of the agent, and ends', async () => {
  const { setup, exhaust } = withMeter();
  const { stream, session } = await answer(setup);
  exhaust();
  exhaust();
  expect(session.spoken).toEqual([{ text: 'I have to end this call.' }]);
  session.say('bye', ['I', 'have', 'to', 'end', 'this', 'call.']);
  await slots(setup, stream, 3000);
  expect(setup.leg.actions.at(-1)).toContain('spend-limit');
  expect(setup.records).toMatchObject([
    { endedBy: 'connector', cause: { sip: 200, text: 'spend-limit' }, costUsd: 0.5, unpriced: ['p/other characters'] },
  ]);
});

test('the goodbye is said by the host when the agent does not say it', async () => {
  const { setup, exhaust } = withMeter();
  const { stream } = await answer(setup);
  exhaust();
  await slots(setup, stream, 10_000);
  expect(setup.records).toMatchObject([{ cause: { text: 'spend-limit' } }]);
});

test('a caller who speaks during that goodbye does not stay', async () => {
  const { setup, exhaust } = withMeter();
  const { stream, session } = await answer(setup);
  exhaust();
  session.say('bye', ['I', 'have', 'to', 'end', 'this', 'call.']);
  await slots(setup, stream, 400);
  stream.emit({ type: 'voice-started', positionMs: 300, atMs: setup.clock.now() });
  await slots(setup, stream, 1000, true);
  stream.emit({ type: 'voice-stopped', positionMs: 1300, speechMs: 1000, atMs: setup.clock.now() });
  await slots(setup, stream, 20_000);
  expect(setup.records).toMatchObject([{ cause: { text: 'spend-limit' } }]);
});

test('the journal can ask what the call has cost', async () => {
  const { setup, noted } = withMeter();
  await answer(setup);
  expect(noted.map((costSoFar) => costSoFar())).toEqual([0.5]);
});

test('what a flavor reports reaches the meter of its call', async () => {
  const { setup, reported } = withMeter();
  const { session } = await answer(setup);
  const usage = { type: 'usage', provider: 'p', model: 'm', unit: 'characters', quantity: 3 } as const;
  session.events.push(usage);
  await expect.poll(() => reported).toEqual([usage]);
});
