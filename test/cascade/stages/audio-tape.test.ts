import { expect, test } from 'vitest';
import { AudioTape } from '../../../src/cascade/stages/audio-tape.js';

test('a tape begins with a whole sample, whatever part of a second it holds', () => {
  const tape = new AudioTape({ encoding: 'pcm16', sampleRate: 8000 }, 12_345.6);
  for (let second = 0; second < 20; second += 1) tape.write(new Uint8Array(16_000));
  expect(tape.start % 2).toBe(0);
  expect(tape.end - tape.start).toBe(12_345 * 16);
});
