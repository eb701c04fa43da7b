import { afterEach, describe, expect, test, vi } from 'vitest';
import { encodeMulaw } from '../../src/audio/g711.js';
import { cumulativeWeights } from '../../src/base/text-weight.js';
import type { FliteVoiceName } from '../../src/cascade/index.js';
import { HeardText } from '../../src/heard/heard-text.js';
import { letterSounds as soundsBetween } from '../../src/heard/letter-sounds.js';
import { SpeechAligner, type SpeechBlock } from '../../src/heard/speech-alignment.js';
import { exactWordTimes, speak8k } from '../support/speech.js';

const letterSounds = (text: string) => soundsBetween(text, 0, text.length, cumulativeWeights(text));
const blocks = (count: number, levelDb: number, brightnessHz: number): readonly SpeechBlock[] =>
  Array.from({ length: count }, () => ({ levelDb, brightnessHz }));
const vowel = (count: number): readonly SpeechBlock[] => blocks(count, -2, 400);
const hiss = (count: number): readonly SpeechBlock[] => blocks(count, -10, 3000);
const stop = (count: number): readonly SpeechBlock[] => blocks(count, -40, 200);

function endsOfWords(
  text: string,
  speech: readonly SpeechBlock[],
  lasts = speech.length,
  pauses: readonly number[] = [],
  markCost = 0,
) {
  const sounds = letterSounds(text);
  const complete = lasts === speech.length;
  const markCosts = sounds.map(({ wordEnd }) => (wordEnd === undefined ? 0 : markCost));
  const aligner = new SpeechAligner({ blocks: speech, pauses, sounds, markCosts, complete });
  return (aligner.read(lasts)?.ends() ?? []).filter((_, index) => sounds[index]?.wordEnd !== undefined);
}

describe('letters as sounds', () => {
  test.each([
    ['shy', ['sibilant', 'vowel']],
    ['Moll', ['nasal', 'vowel', 'liquid']],
    ['thick', ['breath', 'vowel', 'stop']],
    ['Grüße', ['stop', 'liquid', 'vowel', 'sibilant', 'vowel']],
    ['city', ['sibilant', 'vowel', 'stop', 'vowel']],
    ['7', ['any']],
    ['你', ['any']],
  ])('%s', (text, sounds) => {
    expect(letterSounds(text).map(({ sound }) => sound)).toEqual(sounds);
  });

  test('short words that nobody lingers on take less than their letters', () => {
    const [the, owl] = ['the', 'owl'].map((text) => letterSounds(text).reduce((sum, { weight }) => sum + weight, 0));
    expect(the).toBeLessThan(owl ?? 0);
  });
});

test('a word that hisses is where it hisses, however slow the one before was', () => {
  const speech = [...vowel(4), ...stop(4), ...vowel(26), ...hiss(14), ...vowel(4), ...hiss(14), ...vowel(10)];
  const [first = 0, second = 0] = endsOfWords('ato susse o', speech);
  expect(Math.abs(first - 34)).toBeLessThanOrEqual(2);
  expect(Math.abs(second - 66)).toBeLessThanOrEqual(6);
});

test('where all sounds alike, words go by their letters', () => {
  expect(endsOfWords('one two', vowel(70)).map(Math.round)).toEqual([38, 70]);
});

test('a pause draws the end of a word to it, and where the text has a mark the word ends there', () => {
  const [without = 0] = endsOfWords('one two', vowel(70));
  const [first = 0] = endsOfWords('one two', vowel(70), 70, [35]);
  const [marked = 0] = endsOfWords('one two', vowel(70), 70, [35], 1);
  // People pause within words nearly as often as where nothing is written.
  expect(Math.abs(first - 35)).toBeLessThan(Math.abs(without - 35));
  expect(Math.abs(marked - 35)).toBeLessThan(0.5);
});

test.each([
  { come: 20, ends: [] },
  { come: 50, ends: [36] },
  { come: 90, ends: [36, 73] },
])('of speech of which $come of 140 blocks have come, only words are placed that have', ({ come, ends }) => {
  const placed = endsOfWords('one two one two', vowel(come), 140).filter((end) => end < come);
  expect(placed.length).toBe(ends.length);
  for (const [index, end] of placed.entries()) expect(Math.abs(end - (ends[index] ?? 0))).toBeLessThanOrEqual(5);
});

test('nothing is told of no speech, and of no text', () => {
  expect(endsOfWords('one', [])).toEqual([]);
  expect(endsOfWords('', vowel(10))).toEqual([]);
});

test.each([
  ['more text than such speech can hold', 'strengths '.repeat(60), 8],
  ['less text than such speech can hold', 'a', 900],
  ['a word longer than any', 'x'.repeat(690), 1500],
  ['half a surrogate pair', 'a\ud83d b\ude00 c', 30],
  ['a capital that grows in lower case', 'İİİ İİ', 60],
  ['another script', 'Здравствуйте, как дела? 你好，请稍等。 مرحبا', 300],
])('ends of sounds ascend, and lie within the speech: %s', (_, text, count) => {
  const speech = Array.from({ length: count }, (_, index) => (index % 7 < 3 ? vowel(1) : hiss(1))).flat();
  const sounds = letterSounds(text);
  const markCosts = sounds.map(() => 0);
  const aligner = new SpeechAligner({ blocks: speech, pauses: [3, 5], sounds, markCosts, complete: true });
  const ends = aligner.read(count)?.ends() ?? [];
  for (const [index, end] of ends.entries()) {
    expect(end).toBeGreaterThanOrEqual((ends[index - 1] ?? 0) - 1e-9);
    expect(end).toBeLessThanOrEqual(count);
  }
});

test('text without times is told in whole words in any script, and all of it at the end', () => {
  for (const text of ['Здравствуйте, как дела?', '你好，请稍等。', 'مرحبا كيف حالك', '7 & 12 %', '😀 😀', '']) {
    const heard = new HeardText({ encoding: 'mulaw', sampleRate: 8000 });
    heard.addText(text);
    heard.addAudio(new Uint8Array(16_000).map((_, at) => (at % 9) * 13));
    heard.complete();
    let before = 0;
    for (let ms = 0; ms <= 2000; ms += 250) {
      const { chars } = heard.heardAt(ms);
      expect(chars).toBeGreaterThanOrEqual(before);
      before = chars;
    }
    expect(before).toBe(text.length);
  }
});

/** Moments at which a text was cut, and how far off a moment at which what was told would be true, ms: mostly 0. */
async function errorsOf(text: string, voice: FliteVoiceName): Promise<readonly number[]> {
  const pcm = await speak8k(text, voice);
  const codes = new Uint8Array(pcm.length);
  encodeMulaw(pcm, codes);
  const words = await exactWordTimes(text, voice);
  const heard = new HeardText({ encoding: 'mulaw', sampleRate: 8000 });
  heard.addText(text);
  heard.addAudio(codes);
  heard.complete();
  const errors: number[] = [];
  for (let ms = 100; ms < codes.length / 8; ms += 70) {
    const told = heard.heardAt(ms).text.split(' ').filter(Boolean).length;
    // A word in the middle of which it was cut counts or not.
    const [fromMs, untilMs] = [words[told - 1]?.startMs ?? 0, words[told + 1]?.startMs ?? Number.POSITIVE_INFINITY];
    errors.push(Math.max(0, fromMs - ms, ms - untilMs));
  }
  return errors;
}

// One sentence of one voice is too few words for a share: at a step of 70 ms one word that is placed 30 ms late is more
// than 1 % of it. Measured: 1.5 % (slt 4.6, rms and awb 0), the farthest 64 ms from where it would be true.
test('of synthetic speech, hardly a word more or less is told than was heard', async () => {
  const text = 'Certainly. The nearest branch is on Oak Street, just opposite the post office, and it stays open.';
  const errors: number[] = [];
  for (const voice of ['slt', 'rms', 'awb'] as const) errors.push(...(await errorsOf(text, voice)));
  expect(errors.filter((error) => error > 0).length / errors.length).toBeLessThan(0.02);
  expect(Math.max(...errors)).toBeLessThan(80);
});

describe('words are placed by the sounds around them: 3 s to either side, up to the next pause', () => {
  const MULAW = { encoding: 'mulaw', sampleRate: 8000 } as const;
  const loud = new Uint8Array(8000).fill(0x10);
  const silence = new Uint8Array(1600).fill(0xff);
  /** So many seconds of speech, with a pause after each. */
  const SECONDS = 20;
  const AROUND_MS = 3000;

  afterEach(() => {
    vi.restoreAllMocks();
  });

  test.each([
    { of: 'the beginning', seconds: 0.5, before: 0.5, behind: 3.5 },
    { of: 'the middle', seconds: 10.5, before: 3.5, behind: 3.5 },
    { of: 'the end', seconds: 19.5, before: 3.5, behind: 0.5 },
  ])('of $of', ({ seconds, before, behind }) => {
    const heard = new HeardText(MULAW);
    heard.addText('one two three. '.repeat(SECONDS).trim());
    for (let second = 0; second < SECONDS; second += 1) for (const part of [loud, silence]) heard.addAudio(part);
    heard.complete();
    const read = vi.spyOn(SpeechAligner.prototype, 'read');
    heard.heardAt(seconds * 1000 + Math.floor(seconds) * 200);
    // From pause to pause.
    expect(Math.round(read.mock.calls[0]?.[0] ?? 0)).toBe(Math.round(((before + behind) * 1000) / 20));
    expect(Math.max(before, behind) * 1000).toBeGreaterThan(AROUND_MS);
  });

  test('what comes later than that is not looked at, while more is still coming', () => {
    const read = vi.spyOn(SpeechAligner.prototype, 'read');
    const evidence = (cutMs: number, changedFromMs: number): readonly unknown[] => {
      read.mockClear();
      const heard = new HeardText(MULAW);
      heard.addText('sassa '.repeat(20).trim());
      heard.addAudio(
        Uint8Array.from({ length: 56_000 }, (_, at) => {
          const hisses = Math.floor(at / 600) % 2 === 0 || at >= changedFromMs * 8;
          return at % (hisses ? 4 : 20) < (hisses ? 2 : 10) ? 0x10 : 0x90;
        }),
      );
      heard.heardAt(cutMs);
      return read.mock.results.map(({ value }) => value?.evidence);
    };
    for (const cutMs of [500, 1500, 2500]) {
      const unchanged = evidence(cutMs, Number.POSITIVE_INFINITY);
      expect(unchanged).toContainEqual(expect.any(Number));
      expect(evidence(cutMs, cutMs + AROUND_MS + 40)).toEqual(unchanged);
      expect(evidence(cutMs, cutMs + AROUND_MS - 240)).not.toEqual(unchanged);
    }
  });
});
