import { beforeAll, expect, test, vi } from 'vitest';
import { placeBeyond, Sequel } from '../../../../flavors/chatterbox-custom/seam/beyond.js';
import { createResampler } from '../../../../src/audio/resampler.js';
import { atOnce } from '../../../../src/base/steps.js';
import { Aligner, VoiceMean } from '../../../../src/cascade/seam/align.js';
import { oneVoice } from '../../../../src/cascade/seam/likeness.js';
import { FRAME_MS, type Frame, FrameReader, loudestOf } from '../../../../src/cascade/seam/spectrum.js';
import { type DyingTier, runDeathTrial } from '../support/death-trial.js';
import { runSeamTrial } from '../support/seam-trial.js';
import { NARRATOR_RATE, Narrator } from '../support/spoken.js';

// flite is quick, unless the machine has other things to do.
vi.setConfig({ testTimeout: 120_000 });

const RATE = 8_000;
const text = 'A replacement for the key may be had by whoever is in possession of the receipt, but you can ask for it.';
const TEMPO = 1.04;
let slt: Narrator;

beforeAll(async () => {
  slt = await Narrator.create('slt');
});

const levels = (...some: readonly number[]): readonly Frame[] =>
  some.map((levelDb) => ({ levelDb, shape: new Float32Array(16) }));

/** What is said, up to so many ms, as the call has it. */
function framesOf(said: string, untilMs = Number.POSITIVE_INFINITY, tempo = 1): readonly Frame[] {
  const { pcm } = slt.say(said);
  const paced =
    tempo === 1
      ? pcm
      : createResampler(tempo * 1_000, 1_000)
          .process(pcm)
          .slice();
  const reader = new FrameReader(RATE);
  const part = paced.subarray(0, Math.min(paced.length, Math.round((untilMs * NARRATOR_RATE) / 1_000)));
  reader.push(createResampler(NARRATOR_RATE, RATE).process(part));
  return reader.frames;
}

/** The text is heard up to the end of a word, and two parts of it follow that the voice has made anew. */
function sought(word: string, first: string, second: string) {
  const { words, times } = slt.say(text);
  const heard = framesOf(text, times[words.indexOf(word)]?.endMs);
  const beginMs = times[words.indexOf(first.split(' ')[0] ?? '')]?.startMs ?? 0;
  const mean = new VoiceMean();
  mean.learn(heard);
  const expected = Math.round(beginMs / FRAME_MS);
  const [one, other] = [framesOf(first, undefined, TEMPO), framesOf(second, undefined, TEMPO)];
  const tempo = { ratio: 1, spread: 0.15 };
  const place = { from: expected - 20, until: expected + 20, expected, spread: 20 };
  const start = { ...place, loudestDb: loudestOf(one), tempo };
  const aligner = new Aligner(heard, start, { old: mean, new: mean }, oneVoice);
  for (const frame of one) aligner.push(frame);
  const match = aligner.best();
  if (match === undefined) throw new Error('no match');
  return { heard, from: heard.length - 3, first: one, match, second: other, tempo, mean };
}

test('two renderings are one without the silence between them, and the end of the first is said more quickly', () => {
  const first = levels(...new Array<number>(45).fill(70), 20, 20, 20);
  const second = levels(20, 20, 71, 72, 73);
  const whole = new Sequel(first, second, 1);
  expect(whole.frames.map(({ levelDb }) => levelDb)).toEqual([...new Array<number>(45).fill(70), 71, 72, 73]);
  expect(whole.border).toBe(45);
  expect([45, 47].map((frame) => whole.inSecond(frame))).toEqual([2, 4]);
  // Of its last 350 ms half.
  expect(new Sequel(first, second, 0.5).border).toBe(10 + 18);
});

test('a place behind the end of a rendering is found in the next one', () => {
  const search = sought('by', 'replacement for the key may be had', 'by whoever is');
  const { leave = 0, enter = 0 } = atOnce(placeBeyond(search)) ?? {};
  expect(leave).toBeGreaterThan(search.heard.length - 12);
  const [by] = slt.say('by whoever is').times;
  // Of "by" hardly anything follows; and nothing of the next word is left out.
  const enterMs = enter * FRAME_MS * TEMPO;
  expect(enterMs).toBeGreaterThan(((by?.startMs ?? 0) + (by?.endMs ?? 0)) / 2);
  expect(enterMs).toBeLessThan((by?.endMs ?? 0) + 20);
});

test.each([
  ['had', 'replacement for the key may be had', 'by whoever is'],
  ['by', 'for the key may be had by', 'whoever is in possession'],
  ['be', 'replacement for the key may be had', 'by whoever is'],
])('a place at the end of a rendering is not looked for in the next one: %s', (...said) => {
  expect(atOnce(placeBeyond(sought(...said)))).toBe(undefined);
});

test('one voice, an answer as a whole: a drawn out word is not taken for two, of which the second would come twice', async () => {
  const { times } = slt.say(text);
  const by = text.split(' ').indexOf('by');
  const { lost, repeated, tiers } = await runSeamTrial({
    narrators: [slt, slt],
    text,
    before: ['You have reached the salon on Harbour Street, and somebody will be with you in a moment.'],
    diesAfterMs: ((times[by]?.endMs ?? 0) + (times[by + 1]?.startMs ?? 0)) / 2,
    first: { realTimeFactor: 0.8, firstAudioMs: 60 },
    second: { streaming: false, tempo: TEMPO, firstAudioMs: 120 },
  });
  expect({ lost, repeated }).toEqual({ lost: 0, repeated: 0 });
  expect(tiers.slice(0, 2)).toEqual(['laptop current', 'gpu fail-over']);
});

test('where the place is at the end of what was asked for, the end of its last word is said, and then what follows', async () => {
  const { lost, repeated, enter } = await runSeamTrial({
    narrators: [slt, slt],
    text: 'The book you asked for is out on loan, and two other readers are waiting for it as well.',
    before: ['Doctor Okafor is in surgery this morning, he could ring you back at about noon.'],
    diesAfterMs: 862,
    first: { realTimeFactor: 0.8, firstAudioMs: 60 },
    second: { streaming: false, tempo: 1.01 },
  });
  expect({ lost, repeated }).toEqual({ lost: 0, repeated: 0 });
  expect(Math.floor(enter)).toBe('The book you'.split(' ').length);
});

test('where what follows is hardly like what was heard, it is not gone on in the middle of it', async () => {
  const { lost, tiers } = await runSeamTrial({
    narrators: [slt, slt],
    text: 'The book you asked for is out on loan, and two other readers are waiting for it as well.',
    before: ['You are number six in the queue, and somebody will speak to you soon.'],
    diesAfterMs: 1_112,
    first: { realTimeFactor: 0.8, firstAudioMs: 60 },
    second: { streaming: false, tempo: TEMPO, firstAudioMs: 150 },
  });
  expect(lost).toBe(0);
  expect(tiers.slice(0, 2)).toEqual(['laptop current', 'gpu fail-over']);
});

/** A tier dies in the middle of `readers`; one of the same voice, which answers as a whole, says `other` and dies; others are left. */
function dieAtReaders(...others: readonly DyingTier[]) {
  return runDeathTrial(
    slt,
    'The book you asked for is out on loan, and two other readers are waiting for it as well.',
    [
      { backend: { realTimeFactor: 0.8, firstAudioMs: 60 }, fault: { afterMs: 3_046 } },
      { backend: { streaming: false, tempo: 1.02, firstAudioMs: 150 }, fault: 'gone', passes: 1 },
      ...others,
    ],
    'Doctor Okafor is in surgery this morning, he could ring you back at about noon.',
  );
}

const died = ['laptop current', 'gpu fail-over, left: ERR_FLAVOR_NETWORK'];

test('a tier of the same voice says what follows: it is entered where the first broke off', async () => {
  const { lost, repeated, tiers } = await dieAtReaders({});
  expect({ lost, repeated }).toEqual({ lost: 0, repeated: 0 });
  expect(tiers).toEqual([...died, 'cloud fail-over']);
});

test('another voice says what follows: the place is not looked for in there, and no word is lost', async () => {
  const { lost, tiers } = await dieAtReaders({ voice: 'another' });
  expect(lost).toBe(0);
  expect(tiers).toEqual([...died, 'gpu fail-over', 'cloud fail-over']);
});

test('a tier falls silent as it says what follows: that is not waited for without end', async () => {
  const { lost, tiers } = await dieAtReaders({ fault: { afterMs: 300, hangs: true } }, {});
  expect(lost).toBe(0);
  expect(tiers).toEqual([...died, 'gpu fail-over', 'cloud fail-over', 'reserve fail-over']);
});
