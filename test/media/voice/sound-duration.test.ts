import { expect, test } from 'vitest';
import { SoundDuration } from '../../../src/media/voice/sound-duration.js';
import { SeededRandom } from '../../support/seeded-random.js';

/** Noise of ±`noise`, with a tone from `startMs` for `lengthMs`, at 4000 Hz. Returns whether 60 ms were ever exceeded. */
function everExceeds(startMs: number, lengthMs: number, noise = 10, amplitude = 2000): boolean {
  const random = new SeededRandom(startMs + lengthMs);
  const duration = new SoundDuration(8);
  let exceeded = false;
  for (let frame = 0; frame < 100; frame += 1) {
    const samples = Float64Array.from({ length: 80 }, (_, i) => {
      const ms = frame * 20 + i / 4;
      const tone = ms >= startMs && ms < startMs + lengthMs ? amplitude * Math.sin(i) : 0;
      return tone + random.integer(2 * noise + 1) - noise;
    });
    duration.push(samples, 1);
    if (frame > 20) exceeded ||= duration.exceeds(60);
  }
  return exceeded;
}

test.each([0, 1, 2, 3, 4, 7, 11, 19])(
  'a sound of up to 55 ms is shorter than 60 ms, wherever it begins (%d ms)',
  (offset) => {
    for (const lengthMs of [20, 40, 50, 55]) expect(everExceeds(1000 + offset, lengthMs)).toBe(false);
    for (const lengthMs of [66, 80, 150]) expect(everExceeds(1000 + offset, lengthMs)).toBe(true);
  },
);

test('a sound in noise 10 dB below it counts like one in silence', () => {
  expect(everExceeds(1005, 100, 1000, 3000)).toBe(true);
  expect(everExceeds(1005, 40, 1000, 3000)).toBe(false);
});

test('digital silence is the same as zeros', () => {
  const told = new SoundDuration(8);
  const pushed = new SoundDuration(8);
  for (let frame = 0; frame < 200; frame += 1) {
    const loud = frame % 40 > 30 || frame < 5;
    const samples = new Float64Array(80).fill(loud ? 100 * (1 + (frame % 7)) : 0);
    if (loud) told.push(samples, 1);
    else told.pushSilence(1);
    pushed.push(samples, 1);
    for (const ms of [40, 60, 100]) expect(told.exceeds(ms)).toBe(pushed.exceeds(ms));
  }
});
