import { expect, test } from 'vitest';
import { encodeAlaw, encodeMulaw } from '../../../src/audio/g711.js';
import { PieceSound } from '../../../src/cascade/fail-over/piece-sound.js';

test('what is kept of a piece is a copy: an engine may use its memory again', () => {
  const sound = new PieceSound({ encoding: 'pcm16', sampleRate: 8000 });
  const chunk = Buffer.from(Int16Array.of(1, -2, 3).buffer);
  sound.add(chunk);
  chunk.fill(0);
  expect(sound.samples()).toEqual(Int16Array.of(1, -2, 3));
});

test.each([
  ['mulaw', encodeMulaw],
  ['alaw', encodeAlaw],
] as const)('a piece in %s is compared by its samples', (encoding, encode) => {
  const samples = Int16Array.of(-20_000, -900, 900, 20_000);
  const codes = new Uint8Array(samples.length);
  encode(samples, codes);
  const sound = new PieceSound({ encoding, sampleRate: 8000 });
  sound.add(codes);
  const wrongBy = [...(sound.samples() ?? [])].map((value, at) => Math.abs(value - (samples[at] ?? 0)));
  expect(wrongBy).toHaveLength(samples.length);
  expect(Math.max(...wrongBy)).toBeLessThan(700);
});
