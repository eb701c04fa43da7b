import { describe, expect, test } from 'vitest';
import { Stirring } from '../../../src/media/voice/stirring.js';
import { createVoiceDetector } from '../../../src/media/voice/vad.js';
import { callerSounds } from '../../support/caller-corpus.js';
import { makeNoise, type NoiseKind, noiseOnly, viaMulaw } from '../../support/phone-scene.js';

describe('by the verdicts on frames', () => {
  const quiet = (stirring: Stirring, frames: number): void => {
    for (let frame = 0; frame < frames; frame += 1) stirring.push(false, 0, false, false);
  };

  test('one clear vowel is a sign, one doubtful is none, two of three are', () => {
    const stirring = new Stirring();
    stirring.push(true, 0.6, false, true);
    expect(stirring.active).toBe(false);
    quiet(stirring, 2);
    stirring.push(true, 0.6, false, true);
    expect(stirring.active).toBe(false);
    quiet(stirring, 1);
    stirring.push(true, 0.6, false, true);
    expect(stirring.active).toBe(true);
    stirring.reset();
    stirring.push(true, 0.7, false, true);
    expect(stirring.active).toBe(true);
  });

  test('two frames of hissing are a sign, one is none', () => {
    const stirring = new Stirring();
    stirring.push(false, 0, true, true);
    stirring.push(false, 0, false, true);
    stirring.push(false, 0, true, true);
    expect(stirring.active).toBe(false);
    stirring.push(false, 0, true, true);
    expect(stirring.active).toBe(true);
  });

  test('it goes on with the sound, and for 200 ms', () => {
    const stirring = new Stirring();
    stirring.push(true, 0.9, false, true);
    for (let frame = 0; frame < 50; frame += 1) stirring.push(false, 0, false, true);
    quiet(stirring, 9);
    expect(stirring.active).toBe(true);
    quiet(stirring, 1);
    expect(stirring.active).toBe(false);
  });
});

/** How often something stirs, and for how many frames. */
function listen(samples: Int16Array): { readonly times: number; readonly frames: number } {
  const detector = createVoiceDetector();
  let times = 0;
  let frames = 0;
  let before = false;
  for (let at = 0; at + 160 <= samples.length; at += 160) {
    detector.process(samples.subarray(at, at + 160));
    if (detector.stirring && !before) times += 1;
    if (detector.stirring) frames += 1;
    before = detector.stirring;
  }
  return { times, frames };
}

test.each(['white', 'pink', 'hum', 'car', 'babble'] satisfies NoiseKind[])(
  'nothing stirs in %s noise',
  async (noise) => {
    for (const levelDbfs of [-50, -30]) {
      const samples = await noiseOnly(noise, 30_000, levelDbfs, 12);
      // What a crowd is like is known after some seconds.
      expect(listen(samples.subarray(noise === 'babble' ? 3000 * 8 : 0)).times).toBeLessThanOrEqual(1);
    }
  },
);

test('noise that grows by 10 dB stirs for two seconds at most', async () => {
  for (const noise of ['white', 'pink', 'car'] as const) {
    const samples = Float64Array.from(await noiseOnly(noise, 12_000, -50, 5));
    const louder = viaMulaw(samples.map((value, i) => (i < 4000 * 8 ? value : value * 10 ** 0.5)));
    expect(listen(louder).frames).toBeLessThanOrEqual(100);
  }
});

test('clicks of 2 ms do not stir', async () => {
  const room = (await makeNoise('pink', 10_000 * 8, 8)).map((value) => value * 58);
  for (let at = 8000; at < room.length - 100; at += 3217) room.fill(9000, at, at + 16);
  expect(listen(viaMulaw(room)).times).toBe(0);
});

test('speech stirs before it counts as begun, and not any more when it has stopped', async () => {
  const [sound] = await callerSounds('tuning', 'phrase', 20, 1);
  const detector = createVoiceDetector();
  const { samples } = sound ?? { samples: new Int16Array(0) };
  let stirredAt = 0;
  let startedAt = 0;
  for (let at = 0; at + 160 <= samples.length; at += 160) {
    detector.process(samples.subarray(at, at + 160));
    if (detector.stirring && stirredAt === 0) stirredAt = at;
    if (detector.changed === 'started' && startedAt === 0) startedAt = at;
    if (detector.changed === 'stopped') expect(detector.stirring).toBe(false);
  }
  expect(startedAt).toBeGreaterThan(stirredAt);
  expect(stirredAt / 8 - (sound?.onsetMs ?? 0)).toBeLessThan(80);
});
