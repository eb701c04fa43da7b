import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lastAudibleMs, readStereoRecording } from '../../src/demo/recording.js';
import { writeWavFile } from '../../src/media/wav-file.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

test('reads a recording: caller left, agent right', async () => {
  const path = join(temporaryDirectory(), 'call.wav');
  await writeWavFile(path, Int16Array.of(1, -1, 2, -2, 3, -3), { sampleRate: 8000, channels: 2 });
  const { caller, agent } = await readStereoRecording(path);
  expect([[...caller], [...agent]]).toEqual([
    [1, 2, 3],
    [-1, -2, -3],
  ]);
});

test('a recording that holds nothing is silence', async () => {
  const path = join(temporaryDirectory(), 'call.wav');
  writeFileSync(path, '');
  expect((await readStereoRecording(path)).caller).toHaveLength(0);
});

test('finds the last sound before a moment', () => {
  const samples = new Int16Array(8000);
  samples[800] = -5000;
  samples[4000] = 5000;
  expect(lastAudibleMs(samples, 1000)).toBe(500);
  expect(lastAudibleMs(samples, 400)).toBe(100);
  expect(lastAudibleMs(samples, 50)).toBeUndefined();
});
