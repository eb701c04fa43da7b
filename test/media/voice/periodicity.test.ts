import { expect, test } from 'vitest';
import { Periodicity } from '../../../src/media/voice/periodicity.js';
import { makeNoise } from '../../support/phone-scene.js';

/** The measure after each frame, from the fifth on. */
function measures(samples: Float64Array): number[] {
  const periodicity = new Periodicity();
  const results: number[] = [];
  for (let at = 0; at + 160 <= samples.length; at += 160) {
    periodicity.push(Int16Array.from(samples.subarray(at, at + 160), Math.round));
    if (at >= 4 * 160) results.push(periodicity.measure());
  }
  return results;
}

/** A buzz of all harmonics between 300 and 3400 Hz: a voice without its fundamental. */
function buzz(hz: number): Float64Array {
  return Float64Array.from({ length: 4000 }, (_, i) => {
    let sum = 0;
    for (let n = Math.ceil(300 / hz); n * hz < 3400; n += 1) sum += Math.cos((2 * Math.PI * n * hz * i) / 8000 + n * n);
    return 500 * sum;
  });
}

test.each([70, 100, 120, 170, 220, 300, 400])(
  'a voice of %d Hz is periodic though its fundamental is missing',
  (hz) => {
    for (const measure of measures(buzz(hz))) expect(measure).toBeGreaterThan(0.85);
  },
);

test.each(['white', 'pink'] as const)('%s noise is not', async (kind) => {
  const noise = (await makeNoise(kind, 80_000, 3)).map((value) => value * 1000);
  const results = measures(noise);
  expect(results.filter((measure) => measure > 0.55).length / results.length).toBeLessThan(0.01);
});

test('level does not matter, silence is nothing', () => {
  const loud = measures(buzz(120));
  const quiet = measures(buzz(120).map((value) => value / 50));
  for (const [i, measure] of quiet.entries()) expect(Math.abs(measure - (loud[i] ?? 0))).toBeLessThan(0.02);
  expect(Math.max(...measures(new Float64Array(4000)))).toBe(0);
});

test('a voice that swells or fades is as periodic as one that does not', () => {
  for (const growth of [1.0008, 1 / 1.0008]) {
    const start = growth > 1 ? 0.02 : 1;
    for (const measure of measures(buzz(110).map((value, i) => value * start * growth ** i))) {
      expect(measure).toBeGreaterThan(0.85);
      expect(measure).toBeLessThanOrEqual(1);
    }
  }
});

test('the last frame at half the rate keeps the level of what is below 1600 Hz', () => {
  const periodicity = new Periodicity();
  for (let frame = 0; frame < 3; frame += 1) {
    periodicity.push(
      Int16Array.from({ length: 160 }, (_, i) => Math.round(1000 * Math.sin((Math.PI * (frame * 160 + i)) / 8))),
    );
  }
  expect(periodicity.lastFrame).toHaveLength(80);
  const rms = Math.sqrt(periodicity.lastFrame.reduce((sum, value) => sum + value * value, 0) / 80);
  expect(rms).toBeGreaterThan(650);
  expect(rms).toBeLessThan(750);
});

test('digital silence is the same as 160 zeros, and sound after it as ever', () => {
  const told = new Periodicity();
  const pushed = new Periodicity();
  const sound = buzz(120);
  const frameAt = (at: number): Int16Array => Int16Array.from(sound.subarray(at, at + 160), Math.round);
  for (const silentFrames of [1, 2, 3, 4, 9]) {
    for (let frame = 0; frame < silentFrames; frame += 1) {
      told.pushSilence();
      pushed.push(new Int16Array(160));
      // What the low-pass still holds of the sound fades in the first of them: it is cut off.
      if (frame > 0) expect(told.lastFrame).toEqual(pushed.lastFrame);
    }
    for (let frame = 0; frame < 3; frame += 1) {
      told.push(frameAt(frame * 160));
      pushed.push(frameAt(frame * 160));
      expect(told.lastFrame).toEqual(pushed.lastFrame);
    }
    expect(Math.abs(told.measure() - pushed.measure())).toBeLessThan(0.01);
  }
});
