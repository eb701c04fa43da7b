import { expect, test } from 'vitest';
import { ComfortNoise } from '../../../src/media/caller/comfort-noise.js';
import { Concealment } from '../../../src/media/caller/concealment.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { rms, tone } from '../../support/tones.js';

const FRAME = 160;
const dbfs = (samples: Int16Array): number => 20 * Math.log10(rms(samples) / 32_768);
const made = (noise: ComfortNoise, count = 16_000): Int16Array => {
  const samples = new Int16Array(count);
  noise.fill(samples);
  return samples;
};

/** Frames of white noise of a level. */
const surroundings = (noise: ComfortNoise, db: number, frames = 60): void => {
  const random = new SeededRandom(7);
  const peak = Math.sqrt(3) * 32_768 * 10 ** (db / 20);
  for (let frame = 0; frame < frames; frame += 1) {
    noise.learn(Int16Array.from({ length: FRAME }, () => ((random.integer(65_536) - 32_768) / 32_768) * peak));
  }
};

test.each([50, 60, 70])('a packet that says -%d dBov is heard so', (level) => {
  const noise = new ComfortNoise();
  noise.take(Uint8Array.of(level), 0, 1);
  expect(dbfs(made(noise))).toBeCloseTo(-level, 0);
});

test('a packet may not shout: level 0 is as loud as a noisy place', () => {
  const noise = new ComfortNoise();
  noise.take(Uint8Array.of(0), 0, 1);
  expect(dbfs(made(noise))).toBeCloseTo(-45, 0);
});

test('reflection coefficients colour the noise and leave its level', () => {
  const noise = new ComfortNoise();
  noise.take(Uint8Array.of(50, 20, 200, 90), 0, 4);
  const samples = made(noise, 40_000);
  expect(Math.abs(dbfs(samples) + 50)).toBeLessThan(2);
  const differences = samples.subarray(1).map((sample, i) => sample - (samples[i] ?? 0));
  // White noise would give the square root of 2.
  expect(rms(differences) / rms(samples)).toBeLessThan(1);
});

test('any payload at all makes bounded noise', () => {
  const random = new SeededRandom(2);
  const noise = new ComfortNoise();
  for (let round = 0; round < 500; round += 1) {
    const payload = Uint8Array.from({ length: random.integer(40) }, () => random.integer(256));
    noise.take(payload, 0, payload.length);
    for (const sample of made(noise, 80)) expect(Number.isInteger(sample)).toBe(true);
  }
});

test('without a packet it is as loud as the surroundings of the caller', () => {
  const noise = new ComfortNoise();
  surroundings(noise, -55);
  for (let frame = 0; frame < 10; frame += 1) noise.learn(tone(440, 8000, FRAME));
  expect(Math.abs(dbfs(made(noise)) + 55)).toBeLessThan(2);
});

test('a caller whose phone sends digital silence, or never stops talking, gives no noise', () => {
  const noise = new ComfortNoise();
  expect(noise.audible).toBe(false);
  for (let frame = 0; frame < 200; frame += 1)
    noise.learn(frame % 3 === 0 ? new Int16Array(FRAME) : tone(440, 8000, FRAME));
  expect(noise.audible).toBe(false);
  const talking = new ComfortNoise();
  for (let frame = 0; frame < 200; frame += 1) talking.learn(tone(440, 8000, FRAME));
  expect(talking.audible).toBe(false);
});

test('when the caller is heard again the packet counts no more', () => {
  const noise = new ComfortNoise();
  surroundings(noise, -60);
  noise.take(Uint8Array.of(50), 0, 1);
  noise.end();
  expect(Math.abs(dbfs(made(noise)) + 60)).toBeLessThan(2);
  noise.reset();
  expect(noise.audible).toBe(false);
});

test('a gap fades to the noise, not to nothing', () => {
  const noise = new ComfortNoise();
  surroundings(noise, -50);
  const concealment = new Concealment(8000, noise);
  for (let frame = 0; frame < 4; frame += 1) concealment.learn(tone(200, 8000, FRAME));
  const levels = Array.from({ length: 6 }, () => {
    const samples = new Int16Array(FRAME);
    concealment.process(samples, new Uint8Array(FRAME));
    return dbfs(samples);
  });
  expect(levels[0]).toBeGreaterThan(-20);
  for (const level of levels.slice(3)) expect(Math.abs(level + 50)).toBeLessThan(3);
});

test.each([16_000, 24_000])('gaps are filled at %d Hz as at 8000', (sampleRate) => {
  const frame = sampleRate / 50;
  const concealment = new Concealment(sampleRate);
  const whole = tone(160, sampleRate, 20 * frame);
  for (let at = 0; at < 10; at += 1) concealment.learn(whole.slice(at * frame, (at + 1) * frame));
  const invented = new Int16Array(frame);
  concealment.process(invented, new Uint8Array(frame));
  const error = invented.map((sample, i) => sample - (whole[10 * frame + i] ?? 0));
  expect(rms(error) / rms(whole)).toBeLessThan(0.5);
});
