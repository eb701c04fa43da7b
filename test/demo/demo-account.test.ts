import { expect, test } from 'vitest';
import { hostSpeech, resumedPauses, toolRuns } from '../../src/demo/demo-account.js';
import { eventAt, sampleAccount } from './sample-account.js';

test('a pause lasts from the agent’s silence to the verdict; an interruption is none', () => {
  const figures = { onsetToPauseMs: 100, decisionToSilenceMs: 5 };
  const account = sampleAccount(
    {
      bargeIns: [
        { ...figures, onsetMs: 1000, resumed: false },
        { ...figures, onsetMs: 5000, resumed: true },
      ],
    },
    [
      eventAt(1200, { type: 'barge-in', ...figures, resumed: false }),
      eventAt(5600, { type: 'barge-in', ...figures, resumed: true }),
    ],
  );
  expect(resumedPauses(account)).toEqual([{ onsetMs: 5000, startMs: 5100, endMs: 5600 }]);
});

test('a tool ran for as long as its event says, up to the event', () => {
  const account = sampleAccount({}, [eventAt(4000, { type: 'tool', name: 'find_slots', ok: true, ms: 1500 })]);
  expect(toolRuns(account)).toEqual([{ name: 'find_slots', ok: true, startMs: 2500, endMs: 4000 }]);
});

test('the host said what the transcript has of the agent’s side and no turn has', () => {
  const speaking = (atMs: number, value: boolean) => eventAt(atMs, { type: 'agent-speaking', speaking: value });
  const account = sampleAccount(
    {
      turns: [{ stages: {}, interrupted: false, heardMs: 900, startedMs: 3000, endedMs: 4900, heardText: 'At three.' }],
      transcript: [
        { role: 'caller', text: 'When?', atMs: 1000 },
        { role: 'agent', text: 'One moment, please.', atMs: 3000 },
        { role: 'agent', text: 'At three.', atMs: 4900 },
      ],
    },
    [speaking(2000, true), speaking(3000, false), speaking(3000, true), speaking(4900, false)],
  );
  expect(hostSpeech(account)).toEqual([{ text: 'One moment, please.', startMs: 2000, endMs: 3000 }]);
});

test('of a call that nobody answered there is nothing', () => {
  const account = { ...sampleAccount(), events: [] };
  expect([resumedPauses(account), toolRuns(account), hostSpeech(account)]).toEqual([[], [], []]);
});
