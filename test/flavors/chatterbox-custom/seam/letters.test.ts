import { expect, test, vi } from 'vitest';
import { anchorByLetters } from '../../../../flavors/chatterbox-custom/seam/letters.js';
import { anchorOf, VoicePace } from '../../../../flavors/chatterbox-custom/seam/pace.js';
import { cumulativeWeights } from '../../../../src/base/text-weight.js';
import { FRAME_MS, SoundingTime } from '../../../../src/cascade/seam/spectrum.js';
import { runSeamTrial } from '../support/seam-trial.js';
import { Narrator } from '../support/spoken.js';

// flite is quick, unless the machine has other things to do.
vi.setConfig({ testTimeout: 120_000 });

const LETTER_MS = 60;
const text = 'The table by the window is yours at eight, the one by the door is taken.';
const pace = new VoicePace();
pace.learn(text, (cumulativeWeights(text)[text.length] ?? 0) * LETTER_MS);
const heard = new SoundingTime(
  Array.from({ length: 2_400 / FRAME_MS }, () => ({ shape: new Float32Array(16), levelDb: 80 })),
);

const byPace = anchorOf(text, heard, 2_400, pace);

/** Where words begin that are said as fast as the pace says, and so much later. */
const places = (laterMs: number) =>
  [...text.matchAll(/\S+/gu)]
    .map(({ index, 0: word }) => {
      const startMs = pace.lettersMs(text.slice(0, index)) + laterMs;
      return { index, startMs, endMs: startMs + pace.lettersMs(word) };
    })
    .filter(({ startMs }) => startMs < 2_400);

test('one voice begins again with the last word of which letters say that it was said 1.1 s before the break', () => {
  const found = anchorByLetters(text, places(100), heard, pace, byPace);
  const { index, expectedMs } = found?.anchor ?? { index: 0, expectedMs: 0 };
  expect(expectedMs).toBeLessThanOrEqual(1_300);
  const next = places(100).find(({ startMs }) => startMs > expectedMs);
  expect(next?.startMs).toBeGreaterThan(1_300);
  expect(text[index - 1]).toBe(' ');
  // What it is asked for comes 0.4 s past the place.
  expect((found?.leastMs ?? 0) - (2_400 - expectedMs)).toBeCloseTo(420, -1);
});

test('of letters and the pace of the text, where they contradict each other, who begins earlier is believed', () => {
  const { anchor } = anchorByLetters(text, places(600), heard, pace, byPace) ?? {};
  expect(anchor?.index).toBeLessThan(byPace.index);
  expect(anchor?.expectedMs).toBe(places(600).find(({ index }) => index === anchor?.index)?.startMs);
  expect(anchorByLetters(text, places(-600), heard, pace, byPace)).toBe(undefined);
});

test('letters are not believed of a first word', () => {
  expect(anchorByLetters(text, places(0).slice(0, 1), heard, pace, byPace)).toBe(undefined);
  expect(anchorByLetters(text, [], heard, pace, byPace)).toBe(undefined);
});

test('one voice, nothing in hand, an answer as a whole: little is said that was heard already', async () => {
  const rms = await Narrator.create('rms');
  const { outcome, gapMs } = await die([rms, rms], {
    said: 'It may rain a little in the morning, later it will be dry with some sunshine.',
    before: 'We can collect the old sofa when we bring you the new one, that would be fifteen pounds.',
    diesAfterMs: 3_101,
    tempo: 1.05,
  });
  expect(outcome).toEqual({ lost: 0, most: 1 });
  expect(gapMs).toBeLessThan(700);
});

test.each([
  {
    said: 'We do not sell bicycles any more, but we still repair them, and usually within two days.',
    before: 'The swimming pool will be out of use until Easter because the heating has to be replaced.',
    diesAfterMs: 3_686,
    tempo: 0.95,
  },
  {
    said: 'Professor Nakamura gives her lecture in the large theatre, not in the usual room.',
    before: 'The meter reading that you gave me is lower than the one from last year, can that be right?',
    diesAfterMs: 3_189,
    tempo: 1.04,
  },
])('two voices: a match that is later than the letters say loses no word: $said', async (death) => {
  const voices = [await Narrator.create('slt'), await Narrator.create('rms')] as const;
  expect((await die(voices, death)).outcome).toEqual({ lost: 0, most: 1 });
});

test.each([
  {
    voice: 'rms',
    said: 'I can send you a confirmation by post or by electronic mail, whichever you happen to prefer.',
    before: 'If the light keeps flashing red, unplug the machine, wait for thirty seconds and then plug it in again.',
    diesAfterMs: 4_893,
    tempo: 0.96,
  },
  {
    voice: 'awb',
    said: 'If the light keeps flashing red, unplug the machine, wait for thirty seconds and then plug it in again.',
    before: 'The concert begins at eight in the evening, doors open an hour before, and there are no reserved seats.',
    diesAfterMs: 3_032,
    tempo: 0.98,
  },
])('two voices: one that speaks more slowly than before loses no word: $said', async ({ voice, ...death }) => {
  const voices = [await Narrator.create('slt'), await Narrator.create(voice)] as const;
  expect((await die(voices, death, inHand)).outcome).toEqual({ lost: 0, most: 1 });
});

test('two voices: where sounds and letters contradict each other, the word before is said as well', async () => {
  const voices = [await Narrator.create('slt'), await Narrator.create('rms')] as const;
  const { outcome } = await die(
    voices,
    {
      said: 'The extraordinarily complicated documentation is on its way, but it may be a day or two before you see it.',
      before: 'If you would like to cancel or to move it, you can do so up to a day before, free of charge.',
      diesAfterMs: 2_194,
      tempo: 0.97,
    },
    inHand,
  );
  expect(outcome).toEqual({ lost: 0, most: 1 });
});

interface Dying {
  readonly said: string;
  /** What the voice has said before. */
  readonly before: string;
  readonly diesAfterMs: number;
  readonly tempo: number;
}

const inHand = { realTimeFactor: 0.3, firstAudioMs: 150 };

/**
 * The first tier dies; the second answers as a whole. `most`: words said twice, where more than one.
 *
 * @param first how quick the first one is: as a rule there is nothing in hand when it dies
 */
async function die(
  narrators: readonly [Narrator, Narrator],
  { said, before, diesAfterMs, tempo }: Dying,
  first = { realTimeFactor: 0.8, firstAudioMs: 60 },
) {
  const { lost, repeated, gapMs } = await runSeamTrial({
    narrators,
    text: said,
    before: [before],
    diesAfterMs,
    first,
    second: { streaming: false, tempo },
  });
  return { outcome: { lost, most: Math.max(1, repeated) }, gapMs };
}
