import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readWavFile } from '../../src/media/wav-file.js';
import { HeardFile } from '../../src/phone/heard-file.js';
import { toPhoneSamples } from '../../src/phone/phone-samples.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

test('keeps what it was given, in order, however long', async () => {
  const heard = new HeardFile();
  const frame = new Int16Array(160);
  for (let index = 0; index < 1500; index += 1) {
    frame.fill(index);
    heard.add(frame);
  }
  expect(heard.durationMs).toBe(30_000);
  const path = join(temporaryDirectory(), 'heard.wav');
  await heard.write(path);
  const { samples, sampleRate } = await readWavFile(path);
  expect(sampleRate).toBe(8000);
  expect(samples).toHaveLength(240_000);
  expect([samples[0], samples[160], samples[160 * 600], samples.at(-1)]).toEqual([0, 1, 600, 1499]);
});

test('a phone that heard nothing writes an empty file', async () => {
  const path = join(temporaryDirectory(), 'heard.wav');
  await new HeardFile().write(path);
  expect((await readWavFile(path)).samples).toHaveLength(0);
});

test('stops after an hour', () => {
  const heard = new HeardFile();
  const minute = new Int16Array(60_000 * 8);
  for (let index = 0; index < 61; index += 1) {
    for (let part = 0; part < 6; part += 1) heard.add(minute.subarray(0, 80_000));
  }
  expect(heard.durationMs).toBe(3_600_000);
});

test.each([8000, 11_025, 16_000, 24_000, 44_100, 48_000])(
  'samples at %d Hz become as long at 8000 Hz',
  (sampleRate) => {
    const samples = Int16Array.from({ length: sampleRate }, (_, index) => 8000 * Math.sin((index / sampleRate) * 440));
    const phone = toPhoneSamples({ samples, sampleRate });
    expect(Math.abs(phone.length - 8000)).toBeLessThan(80);
  },
);

test('a rate that is none is refused by name', () => {
  expect(() => toPhoneSamples({ samples: new Int16Array(10), sampleRate: 44_101 })).toThrow(
    expect.objectContaining({ code: 'ERR_AUDIO_FILE', message: expect.stringContaining('44101 Hz') }),
  );
});
