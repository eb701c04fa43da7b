import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { G722Decoder, G722Encoder } from '../../src/audio/g722.js';
import { SeededRandom } from '../support/seeded-random.js';
import { rms, tone } from '../support/tones.js';

const RATE = 16_000;
/** Of encoder and decoder together: two filters of 24 taps, 22 samples. */
const DELAY = 22;

const code = (samples: Int16Array): Uint8Array => {
  const codes = new Uint8Array(samples.length / 2);
  new G722Encoder().encode(samples, codes);
  return codes;
};

const decode = (codes: Uint8Array): Int16Array => {
  const samples = new Int16Array(2 * codes.length);
  new G722Decoder().decode(codes, 0, codes.length, samples);
  return samples;
};

/** Signal over error, dB, once the coder has settled. */
const signalToNoise = (samples: Int16Array): number => {
  const heard = decode(code(samples));
  const from = 3000;
  const error = Int16Array.from({ length: samples.length - from - DELAY }, (_, i) => {
    return (heard[from + i + DELAY] ?? 0) - (samples[from + i] ?? 0);
  });
  return 20 * Math.log10(rms(samples.subarray(from)) / rms(error));
};

test.each([
  [300, 40],
  [1000, 40],
  [2500, 35],
  [5000, 18],
  [6500, 18],
])('a tone of %d Hz comes back at least %d dB above its error', (hz, leastDb) => {
  expect(signalToNoise(tone(hz, RATE, 16_000))).toBeGreaterThan(leastDb);
});

test('what lies above the telephone band is heard: 6 kHz keeps its level', () => {
  const samples = tone(6000, RATE, 8000);
  expect(rms(decode(code(samples)).subarray(1000)) / rms(samples)).toBeCloseTo(1, 1);
});

test('silence stays silence, and full scale does not wrap', () => {
  expect(rms(decode(code(new Int16Array(3200))))).toBeLessThan(16);
  const square = Int16Array.from({ length: 3200 }, (_, i) => (i % 32 < 16 ? 32_767 : -32_768));
  const heard = decode(code(square)).subarray(400);
  const flips = heard.filter((sample, i) => Math.abs(sample - (heard[i - 1] ?? sample)) > 60_000).length;
  expect(flips).toBeLessThanOrEqual(heard.length / 16);
});

test('any bytes at all are decoded, and leave a decoder that works', () => {
  const random = new SeededRandom(4);
  const decoder = new G722Decoder();
  const samples = new Int16Array(320);
  for (let round = 0; round < 500; round += 1) {
    decoder.decode(
      Uint8Array.from({ length: 160 }, () => random.integer(256)),
      0,
      160,
      samples,
    );
  }
  const codes = code(tone(1000, RATE, 16_000));
  const heard = new Int16Array(32_000);
  decoder.decode(codes, 0, codes.length, heard);
  expect(rms(heard.subarray(8000, 16_000))).toBeGreaterThan(5000);
});

test('cutting the stream changes nothing', () => {
  const samples = tone(700, RATE, 1600);
  const whole = code(samples);
  const encoder = new G722Encoder();
  const parts = new Uint8Array(800);
  for (let at = 0; at < 1600; at += 160) encoder.encode(samples.subarray(at, at + 160), parts, at / 2);
  expect(parts).toEqual(whole);
});

/** Noise of a pseudo-random generator anybody can write (x = x * 1103515245 + 12345), 14 of its bits. */
const noise = (count: number): Int16Array => {
  let state = 1;
  return Int16Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) & 0x3fff;
  }).map((sample) => sample - 0x2000);
};

/** Made with libspandsp 2.0 (its `g722_encode` and `g722_decode`, 64 kbit/s) from the same samples. */
test('codes and samples are bit for bit those of another implementation', () => {
  const digest = (data: Uint8Array | Int16Array): string =>
    createHash('sha256')
      .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      .digest('hex')
      .slice(0, 16);
  const codes = code(noise(16_000));
  expect(digest(codes)).toBe('d7bfe446f133c7ad');
  expect(digest(decode(codes))).toBe('d469b5a2dd75957e');
});
