import { expect, test } from 'vitest';
import { anchorOf, VoicePace } from '../../../../flavors/chatterbox-custom/seam/pace.js';
import { lastPauseOf } from '../../../../flavors/chatterbox-custom/seam/pauses.js';
import { cumulativeWeights } from '../../../../src/base/text-weight.js';
import { FRAME_MS, SoundingTime } from '../../../../src/cascade/seam/spectrum.js';

const LETTER_MS = 60;

/** Sound and silence in turn, ms; sound first. */
function heardOf(...lengthsMs: readonly number[]): { readonly heard: SoundingTime; readonly heardMs: number } {
  const frames = lengthsMs.flatMap((ms, index) =>
    Array.from({ length: ms / FRAME_MS }, () => ({ shape: new Float32Array(16), levelDb: index % 2 === 0 ? 80 : 20 })),
  );
  return { heard: new SoundingTime(frames), heardMs: frames.length * FRAME_MS };
}

const lastPause = (text: string, ...lengthsMs: readonly number[]) => {
  const { heard, heardMs } = heardOf(...lengthsMs);
  return lastPauseOf(text, heard, heardMs, LETTER_MS);
};

const weightBefore = (text: string, rest: string): number => cumulativeWeights(text)[text.indexOf(rest) - 1] ?? 0;

const text = 'The table by the window is yours at eight, the one by the door is taken, and so is the garden.';

test('a pause that was heard belongs to the mark where it is expected, also of a voice that is slower than usual', () => {
  // 33 letters and signs up to the first mark.
  for (const soundMs of [1_900, 2_200, 2_500]) {
    expect(lastPause(text, soundMs, 250, 700)).toEqual({
      soundingMs: soundMs,
      weight: weightBefore(text, 'the one'),
    });
  }
  expect(lastPause(text, 2_200, 250, 1_900, 250, 300)?.weight).toBe(weightBefore(text, 'and so'));
});

test('a pause with which the sound ends is one as well', () => {
  expect(lastPause(text, 2_200, 300)?.weight).toBe(weightBefore(text, 'the one'));
});

test('where a pause may be of either of two marks it tells nothing', () => {
  expect(lastPause('Well then, yes, that is quite all right with us, as far as I can see.', 750, 250, 600)).toBe(
    undefined,
  );
});

test('a silence where there is no mark near tells nothing', () => {
  expect(lastPause(text, 700, 250, 400)).toBe(undefined);
});

test('a pause tells how far a text has come: another voice begins nearer to the place', () => {
  const pace = new VoicePace();
  pace.learn(text, (cumulativeWeights(text)[text.length] ?? 0) * LETTER_MS);
  const startOf = (...lengthsMs: readonly number[]): string => {
    const { heard, heardMs } = heardOf(...lengthsMs);
    return text.slice(anchorOf(text, heard, heardMs, pace).index);
  };
  expect(startOf(2_000, 250, 2_000).length).toBeLessThan(startOf(4_000).length);
});
