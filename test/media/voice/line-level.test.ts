import { expect, test } from 'vitest';
import { encodeAlaw, encodeMulaw } from '../../../src/audio/g711.js';
import type { AudioFormat } from '../../../src/flavor-api/index.js';
import { LineLevel } from '../../../src/media/voice/line-level.js';

const pcm: AudioFormat = { encoding: 'pcm16', sampleRate: 8000 };

/** 20 ms of a square wave. */
function frame(amplitude: number, { encoding, sampleRate }: AudioFormat): Uint8Array {
  const samples = new Int16Array(sampleRate / 50).map((_, at) => (at % 20 < 10 ? amplitude : -amplitude));
  if (encoding === 'pcm16') return new Uint8Array(samples.buffer);
  const bytes = new Uint8Array(samples.length);
  if (encoding === 'mulaw') encodeMulaw(samples, bytes);
  if (encoding === 'alaw') encodeAlaw(samples, bytes);
  return bytes;
}

function push(level: LineLevel, amplitude: number, voiced: boolean, frames: number, format = pcm): void {
  for (let n = 0; n < frames; n += 1) level.push(frame(amplitude, format), format.encoding, voiced);
}

test.each<AudioFormat>([
  { encoding: 'mulaw', sampleRate: 8000 },
  { encoding: 'alaw', sampleRate: 8000 },
  { encoding: 'pcm16', sampleRate: 16_000 },
  { encoding: 'pcm16', sampleRate: 24_000 },
])('what goes on 6 dB below a voice is as loud, and what lies 12 dB below is not: %j', (format) => {
  const level = new LineLevel();
  for (const [amplitude, loud] of [
    [4_000, true],
    [2_000, false],
  ] as const) {
    level.begin();
    push(level, 8_000, true, 50, format);
    push(level, amplitude, false, 25, format);
    expect(level.loud).toBe(loud);
  }
});

test('while a voice fades nothing is said about the line', () => {
  const level = new LineLevel();
  push(level, 8_000, true, 50);
  push(level, 8_000, false, 10);
  expect(level.loud).toBe(false);
  push(level, 0, false, 15);
  expect(level.loud).toBe(false);
});

test('a line on which nobody was heard is not as loud as anybody', () => {
  const level = new LineLevel();
  push(level, 8_000, false, 50);
  expect(level.loud).toBe(false);
});

test('music that sets in again is loud soon, a click is not', () => {
  const level = new LineLevel();
  push(level, 8_000, true, 50);
  push(level, 0, false, 50);
  push(level, 8_000, false, 2);
  expect(level.loud).toBe(false);
  push(level, 8_000, false, 8);
  expect(level.loud).toBe(true);
});
