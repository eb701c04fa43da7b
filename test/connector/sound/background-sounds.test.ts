import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BackgroundSounds } from '../../../src/connector/sound/background-sounds.js';
import { writeWavFile } from '../../../src/media/wav-file.js';
import { createKeptLog } from '../../support/silent-log.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const tone = (sampleRate: number, seconds: number, amplitude: number): Int16Array =>
  Int16Array.from({ length: sampleRate * seconds }, (_, index) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * 400 * index) / sampleRate)),
  );
const levelDb = (samples: Int16Array): number =>
  10 * Math.log10(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length / 32_768 ** 2);

async function load(samples: Int16Array, sampleRate: number, level: number) {
  const wav = join(temporaryDirectory(), 'sound.wav');
  await writeWavFile(wav, samples, { sampleRate, channels: 1 });
  const route = { sounds: { ambient: { wav, levelDb: level }, thinking: { wav, levelDb: level, afterMs: 700 } } };
  const log = createKeptLog();
  const sounds = (await BackgroundSounds.load([route], log)).of(route);
  return { sounds, log };
}

test.each([
  [8000, 300],
  [44_100, 20_000],
])('a file of %i Hz is heard at 8000 Hz, as loud as was asked for', async (sampleRate, amplitude) => {
  const { sounds } = await load(tone(sampleRate, 3, amplitude), sampleRate, -30);
  const { samples, sampleRate: rate } = sounds.ambient ?? { samples: new Int16Array(0), sampleRate: 0 };
  expect(rate).toBe(8000);
  expect(samples.length / 8000).toBeCloseTo(2.95, 1);
  expect(levelDb(samples)).toBeCloseTo(-30, 0);
  expect(sounds.thinking).toMatchObject({ sound: sounds.ambient, afterMs: 700 });
  expect(samples.buffer).toBeInstanceOf(SharedArrayBuffer);
});

test('pauses between strokes of a keyboard do not make the strokes louder', async () => {
  const samples = new Int16Array(8000);
  samples.set(tone(8000, 1, 8000).subarray(0, 800), 1600);
  const { sounds } = await load(samples, 8000, -30);
  expect(levelDb(sounds.ambient?.samples.subarray(1600, 2400) ?? samples)).toBeCloseTo(-30, 0);
});

test('no level makes a sound clip', async () => {
  const samples = tone(8000, 1, 500);
  samples[4000] = 20_000;
  const { sounds } = await load(samples, 8000, -10);
  expect(Math.max(...(sounds.ambient?.samples ?? []))).toBeLessThanOrEqual(29_000);
});

test('the end of a sound flows into its beginning', async () => {
  // A ramp: from its end back to its beginning it would jump.
  const samples = Int16Array.from({ length: 8000 }, (_, index) => index * 2 - 8000);
  const { sounds } = await load(samples, 8000, -12);
  const loop = sounds.ambient?.samples ?? samples;
  const steps = [...loop].map((sample, index) => Math.abs(sample - (loop.at(index - 1) ?? 0)));
  expect(Math.max(...steps)).toBeLessThan(400);
});

test('a sound that cannot be read is logged and not heard', async () => {
  const route = { sounds: { hold: { wav: '/nowhere/music.wav', levelDb: -20 } } };
  const log = createKeptLog();
  const sounds = await BackgroundSounds.load([route], log);
  expect(sounds.of(route).hold).toBeUndefined();
  expect(log.lines.join()).toContain('/nowhere/music.wav');
});
