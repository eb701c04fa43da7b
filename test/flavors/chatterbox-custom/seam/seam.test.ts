import { beforeAll, expect, test, vi } from 'vitest';
import { runSeamTrial } from '../support/seam-trial.js';
import { Narrator, sentences } from '../support/spoken.js';

const [greeting = '', offer = ''] = sentences;
const warmUp = 'You have reached the salon on Harbour Street, and somebody will be with you in a moment.';
let narrator: Narrator;

// flite is quick, unless the machine has other things to do.
vi.setConfig({ testTimeout: 120_000 });

beforeAll(async () => {
  narrator = await Narrator.create('slt');
});

/** Both tiers speak with a cloned voice, the second at another tempo. */
const trial = (diesAfterMs: number, tempo = 1.04, streaming = true) =>
  runSeamTrial({
    narrators: [narrator, narrator],
    text: offer,
    before: [greeting],
    diesAfterMs,
    second: { tempo, streaming },
  });

test('a tier that dies in the middle of a word: no word is lost, and at most that one comes twice', async () => {
  for (const [diesAfterMs, tempo] of [
    [700, 1.05],
    [2_120, 0.95],
  ] as const) {
    const { lost, repeated, gapMs, tiers } = await trial(diesAfterMs, tempo);
    expect(lost).toBe(0);
    expect(repeated).toBeLessThanOrEqual(1);
    expect(gapMs).toBeLessThan(700);
    expect(tiers).toEqual(['laptop current', 'gpu fail-over']);
  }
});

test('a tier that dies between two words: none is lost, and none comes twice', async () => {
  const { times } = narrator.say(offer);
  const { lost, repeated } = await trial(((times[8]?.endMs ?? 0) + (times[9]?.startMs ?? 0)) / 2);
  expect({ lost, repeated }).toEqual({ lost: 0, repeated: 0 });
});

test('the other tier is asked for the rest, and a few words before it to know the place by', async () => {
  const { asked, leave } = await trial(3_890);
  const words = offer.split(' ');
  const skipped = words.length - asked.split(' ').length;
  expect(words.slice(skipped).join(' ')).toBe(asked);
  expect(skipped).toBeGreaterThan(leave - 9);
  expect(skipped).toBeLessThan(leave - 1);
});

test('where the other tier answers as a whole, what it is asked for first goes past the place', async () => {
  for (const diesAfterMs of [900, 2_500]) {
    const { lost, repeated } = await trial(diesAfterMs, 1.02, false);
    expect({ lost, repeated }).toEqual({ lost: 0, repeated: 0 });
  }
});

test('two tiers with different voices: the place is found by what is said, not by who says it', async () => {
  const other = await Narrator.create('rms');
  for (const diesAfterMs of [1_560, 2_890, 4_120]) {
    const { lost, repeated } = await runSeamTrial({
      narrators: [narrator, other],
      text: offer,
      before: [greeting],
      diesAfterMs,
      second: { tempo: 1.02 },
    });
    expect(lost).toBe(0);
    expect(repeated).toBeLessThanOrEqual(1);
  }
});

test('a tier that answers as a whole is asked for no more than goes past the place: the caller hears nothing already', async () => {
  const { asked, gapMs } = await trial(1_020, 1.02, false);
  expect(asked).toBe(offer);
  expect(gapMs).toBeLessThan(700);
});

test('a tier that makes speech hardly faster than it is spoken leaves no time: the place is waited for, not guessed', async () => {
  const text =
    'Your parcel left the warehouse in Birmingham last night, unless it rains, in which case I will telephone.';
  // Too short to tell how fast the voice speaks.
  const before = ['Of course.', 'Certainly.', 'Very well.'];
  for (const [diesAfterMs, tempo, streaming] of [
    [2_400, 0.96, true],
    [4_100, 1.04, true],
    [5_200, 0.96, true],
    [4_100, 1.04, false],
  ] as const) {
    const { lost, repeated, tiers } = await runSeamTrial({
      narrators: [narrator, narrator],
      text,
      before,
      diesAfterMs,
      first: { realTimeFactor: 0.8, firstAudioMs: 60 },
      second: { tempo, streaming, firstAudioMs: 120 },
    });
    expect({ diesAfterMs, lost, most: Math.max(1, repeated) }).toEqual({ diesAfterMs, lost: 0, most: 1 });
    expect(tiers.slice(0, 2)).toEqual(['laptop current', 'gpu fail-over']);
  }
});

test('a tier that dies after the first word, between two, is not asked for that word again', async () => {
  const text = sentences[4] ?? '';
  const { times } = narrator.say(text);
  for (const tempo of [0.94, 1.03, 1.06]) {
    const { lost, repeated } = await runSeamTrial({
      narrators: [narrator, narrator],
      text,
      before: [sentences[7] ?? ''],
      diesAfterMs: ((times[0]?.endMs ?? 0) + (times[1]?.startMs ?? 0)) / 2,
      second: { tempo },
    });
    expect({ tempo, lost, repeated }).toEqual({ tempo, lost: 0, repeated: 0 });
  }
});

/** The first tier is hardly faster than speech, the second is asked for a text at a time. */
const wholeAfter = (text: string, diesAfterMs: number, tempo: number) =>
  runSeamTrial({
    narrators: [narrator, narrator],
    text,
    before: [warmUp],
    diesAfterMs,
    first: { realTimeFactor: 0.8, firstAudioMs: 60 },
    second: { tempo, streaming: false, firstAudioMs: 120 },
  });

test('with nothing in hand, a tier that answers as a whole is asked for little more than goes past the place', async () => {
  for (const [text, diesAfterMs, tempo] of [
    [
      'A replacement for the key left the warehouse in Birmingham last night, and that is all I know about it at the moment.',
      4_366,
      1.04,
    ],
    ['Our technician will be with you between nine and eleven, and it is free of charge, as I said.', 4_100, 0.96],
  ] as const) {
    const { lost, repeated, gapMs } = await wholeAfter(text, diesAfterMs, tempo);
    expect({ diesAfterMs, lost, repeated }).toEqual({ diesAfterMs, lost: 0, repeated: 0 });
    expect(gapMs).toBeLessThan(700);
  }
});

test('after a seam, a tier that answers as a whole is asked for pieces that are made in time', async () => {
  const { lost, repeated, gapMs } = await wholeAfter(
    'The insurance certificate is waiting at the counter on Harbour Street, so please call us if that does not suit you.',
    549,
    0.96,
  );
  expect({ lost, repeated }).toEqual({ lost: 0, repeated: 0 });
  expect(gapMs).toBeLessThan(700);
});

test('two voices, the first dies in a pause: the second begins after its own pause, not after the next word', async () => {
  const text =
    'Our technician cannot be changed any more, I am sorry to say, and that is all I know about it at the moment.';
  const { times } = narrator.say(text);
  const { lost, repeated } = await runSeamTrial({
    narrators: [narrator, await Narrator.create('rms')],
    text,
    before: [warmUp],
    diesAfterMs: ((times[11]?.endMs ?? 0) + (times[12]?.startMs ?? 0)) / 2,
    first: { realTimeFactor: 0.8, firstAudioMs: 60 },
    second: { tempo: 0.96, firstAudioMs: 120 },
  });
  expect(lost).toBe(0);
  expect(repeated).toBeLessThanOrEqual(1);
});

test('a text that is said more slowly than its letters suggest: the rest is asked for from a word that was said', async () => {
  const text =
    'Your parcel needs an identification card, and your signature, but you can ask for another day at any time.';
  for (const streaming of [true, false]) {
    const { lost, repeated, tiers } = await runSeamTrial({
      narrators: [narrator, narrator],
      text,
      before: [warmUp],
      diesAfterMs: 5_142,
      first: { realTimeFactor: 0.8, firstAudioMs: 60 },
      second: { tempo: 0.97, streaming, firstAudioMs: 150 },
    });
    expect({ streaming, lost, repeated }).toEqual({ streaming, lost: 0, repeated: 0 });
    expect(tiers.slice(0, 2)).toEqual(['laptop current', 'gpu fail-over']);
  }
});

test('the new rendering is not entered behind a word that has hardly begun, at the start and where a match begins', async () => {
  for (const { index, before, diesAfterMs, tempo } of [
    // Too little has sounded to be compared; of a voice that is known and of one that is not.
    { index: 2, before: [sentences[5] ?? ''], diesAfterMs: 232, tempo: 1 },
    { index: 5, before: [], diesAfterMs: 229, tempo: 1 },
    // The silence before the first sound goes well with the first sound.
    { index: 6, before: [sentences[1] ?? ''], diesAfterMs: 293, tempo: 1.04 },
    // The quietest place is where the match begins, which is not where it begins in truth.
    { index: 1, before: [sentences[4] ?? ''], diesAfterMs: 4_941, tempo: 0.95 },
  ]) {
    const { lost, repeated } = await runSeamTrial({
      narrators: [narrator, narrator],
      text: sentences[index] ?? '',
      before,
      diesAfterMs,
      second: { tempo },
    });
    expect({ index, lost, most: Math.max(1, repeated) }).toEqual({ index, lost: 0, most: 1 });
  }
});
