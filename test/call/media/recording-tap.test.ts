import { expect, test } from 'vitest';
import { RecordingTap } from '../../../src/call/media/recording-tap.js';

function recorder() {
  const heard: string[] = [];
  return {
    heard,
    begun: true,
    caller: (samples: Int16Array, atMs: number, timestamp: number) =>
      heard.push(`caller ${samples.length} ${atMs} ${timestamp}`),
    agent: (samples: Int16Array, atMs: number) => heard.push(`agent ${samples.length} ${atMs}`),
    close: async () => heard.push('closed'),
  };
}

test('a recorder hears what passes from its beginning to its close', async () => {
  const tap = new RecordingTap();
  const kept = recorder();
  tap.caller(new Int16Array(160), 10, 1);
  tap.begin(kept, 5);
  tap.caller(new Int16Array(160), 20, 2);
  tap.agent(new Int16Array(80), 30);
  await tap.close();
  tap.agent(new Int16Array(80), 40);
  await tap.close();
  expect(kept.heard).toEqual(['caller 160 20 2', 'agent 80 30', 'closed']);
});

test('what goes wrong at the close is told', async () => {
  const tap = new RecordingTap();
  tap.begin({ ...recorder(), close: () => Promise.reject(new Error('disk full')) }, 5);
  await expect(tap.close()).rejects.toThrow('disk full');
});

test('what passes during a pause is left out', async () => {
  const tap = new RecordingTap();
  const kept = recorder();
  expect(tap.recording).toBe(false);
  tap.begin(kept, 5);
  expect(tap.recording).toBe(true);
  tap.pause(true, 'operator', 15);
  tap.caller(new Int16Array(160), 20, 2);
  tap.agent(new Int16Array(80), 30);
  tap.pause(false, 'operator', 40);
  tap.agent(new Int16Array(80), 50);
  expect(kept.heard).toEqual(['agent 80 50']);
});

test('pauses are told as places in the file: from the first who asks to the last who lets go, or to the end', () => {
  const tap = new RecordingTap();
  tap.begin(recorder(), 1_000);
  expect(tap.pauses(1_500)).toEqual([]);
  tap.pause(true, 'operator', 2_000);
  tap.pause(true, 'agent', 2_500);
  tap.pause(true, 'agent', 2_600);
  tap.pause(false, 'operator', 3_000);
  tap.pause(false, 'agent', 4_000);
  tap.pause(false, 'agent', 4_500);
  expect(tap.pauses(5_000)).toEqual([{ fromMs: 1_000, toMs: 3_000 }]);
  tap.pause(true, 'agent', 6_000);
  expect(tap.pauses(7_000)).toEqual([
    { fromMs: 1_000, toMs: 3_000 },
    { fromMs: 5_000, toMs: 6_000 },
  ]);
});
