import { expect, test } from 'vitest';
import { RecordingTap } from '../../src/call/recording-tap.js';

function recorder() {
  const heard: string[] = [];
  return {
    heard,
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
  tap.begin(kept);
  tap.caller(new Int16Array(160), 20, 2);
  tap.agent(new Int16Array(80), 30);
  await tap.close();
  tap.agent(new Int16Array(80), 40);
  await tap.close();
  expect(kept.heard).toEqual(['caller 160 20 2', 'agent 80 30', 'closed']);
});

test('what goes wrong at the close is told', async () => {
  const tap = new RecordingTap();
  tap.begin({ ...recorder(), close: () => Promise.reject(new Error('disk full')) });
  await expect(tap.close()).rejects.toThrow('disk full');
});

test('what passes during a pause is left out', async () => {
  const tap = new RecordingTap();
  const kept = recorder();
  expect(tap.recording).toBe(false);
  tap.begin(kept);
  expect(tap.recording).toBe(true);
  tap.pause(true, 'operator');
  tap.caller(new Int16Array(160), 20, 2);
  tap.agent(new Int16Array(80), 30);
  tap.pause(false, 'operator');
  tap.agent(new Int16Array(80), 50);
  expect(kept.heard).toEqual(['agent 80 50']);
});
