import { expect, test } from 'vitest';
import { PieceSound } from '../../../src/cascade/fail-over/piece-sound.js';

test('what is kept of a piece is a copy: an engine may use its memory again', () => {
  const sound = new PieceSound({ encoding: 'pcm16', sampleRate: 8000 });
  const chunk = Buffer.from(Int16Array.of(1, -2, 3).buffer);
  sound.add(chunk);
  chunk.fill(0);
  expect(sound.samples()).toEqual(Int16Array.of(1, -2, 3));
});
