import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeardText } from '../../src/heard/heard-text.js';
import { SeededRandom } from '../support/seeded-random.js';

const mulaw = { encoding: 'mulaw', sampleRate: 8000 } as const;

/** So much loud sound, or silence. */
const sound = (ms: number): Uint8Array => new Uint8Array(Math.round(ms * 8)).fill(0x10);
const silence = (ms: number): Uint8Array => new Uint8Array(Math.round(ms * 8)).fill(0xff);

/** "one two three four", a word every 400 ms, as a synthesiser with word times gives it. */
function fourWords(): HeardText {
  const heard = new HeardText(mulaw);
  for (const [index, word] of ['one ', 'two ', 'three ', 'four'].entries()) heard.addText(word, index * 400);
  heard.addAudio(sound(1600));
  heard.complete();
  return heard;
}

describe('with word times', () => {
  test.each([
    [0, ''],
    [200, ''],
    [399, 'one'],
    [420, 'one'],
    [790, 'one two'],
    [1200, 'one two three'],
    [1599, 'one two three'],
    [1600, 'one two three four'],
    [9999, 'one two three four'],
  ])('after %i ms the caller has heard %j', (heardMs, text) => {
    expect(fourWords().heardAt(heardMs)).toEqual({ text, chars: text.length });
  });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('a time that is none (%d) is as good as absent', (atMs) => {
  const [told, untold] = [new HeardText(mulaw), new HeardText(mulaw)];
  for (const [heard, time] of [[told, atMs] as const, [untold, undefined] as const]) {
    heard.addText('one two three four', time);
    heard.addAudio(sound(1600));
    heard.complete();
  }
  expect(untold.heardAt(1000).text).not.toBe('');
  expect(told.heardAt(1000)).toEqual(untold.heardAt(1000));
});

test('a sentence cue is spread over its time and cut at a word', () => {
  const heard = new HeardText(mulaw);
  heard.addText('Your parcel will arrive tomorrow.', 0);
  heard.addText(' Anything else?', 2000);
  heard.addAudio(sound(3000));
  heard.complete();
  expect(heard.heardAt(1000).text).toBe('Your parcel will');
  expect(heard.heardAt(2000).text).toBe('Your parcel will arrive tomorrow.');
});

test('without any times, the text is spread over all the audio', () => {
  const heard = new HeardText(mulaw);
  heard.addText('Hello there my friend');
  heard.addAudio(sound(2000));
  heard.complete();
  expect(heard.heardAt(1100).text).toBe('Hello there');
  expect(heard.heardAt(2000).text).toBe('Hello there my friend');
});

test('an estimate is cut at the nearest end of a word', () => {
  const heard = new HeardText(mulaw);
  heard.addText('Hello there my friend');
  heard.addAudio(sound(2000));
  heard.complete();
  expect(heard.heardAt(250).text).toBe('');
  expect(heard.heardAt(400).text).toBe('Hello');
});

test('while the response is still being made, unheard text is not claimed', () => {
  const heard = new HeardText(mulaw);
  heard.addText('a rather long sentence whose audio is only beginning to arrive here');
  heard.addAudio(sound(100));
  expect(heard.heardAt(100).text).toBe('a');
});

test('spelling is kept: chars index the very text the flavor gave', () => {
  const heard = new HeardText(mulaw);
  heard.addText('  Grüße,\tWelt — naïve café  ', 0);
  heard.addAudio(sound(1000));
  heard.complete();
  for (let ms = 0; ms <= 1000; ms += 10) {
    const { text, chars } = heard.heardAt(ms);
    expect(text).toBe(heard.text.slice(0, chars));
  }
});

test('hearing longer never means having heard less', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ text: fc.string(), gapMs: fc.option(fc.nat(2000), { nil: undefined }) }), { maxLength: 20 }),
      fc.nat(20_000),
      fc.boolean(),
      (cues, audioMs, complete) => {
        const heard = new HeardText(mulaw);
        let atMs = 0;
        for (const cue of cues) {
          if (cue.gapMs === undefined) heard.addText(cue.text);
          else {
            atMs += cue.gapMs;
            heard.addText(cue.text, atMs);
          }
        }
        heard.addAudio(sound(audioMs));
        if (complete) heard.complete();
        let before = 0;
        for (let ms = 0; ms <= audioMs; ms += Math.max(1, audioMs / 50)) {
          const { chars } = heard.heardAt(ms);
          expect(chars).toBeGreaterThanOrEqual(before);
          before = chars;
        }
        if (complete && audioMs > 0) expect(heard.heardAt(audioMs).text).toBe(heard.text);
      },
    ),
  );
});

test('a cue without words, at the very moment that was heard, takes none away', () => {
  const heard = new HeardText(mulaw);
  heard.addText('one ', 0);
  heard.addText('', 400);
  heard.addAudio(sound(400));
  expect(heard.heardAt(400)).toEqual({ text: 'one', chars: 3 });
});

describe('silences in the audio', () => {
  test('are no time in which words are spoken', () => {
    const heard = new HeardText(mulaw);
    heard.addText('one two three four');
    for (const part of [silence(1000), sound(1000), silence(2000), sound(1000)]) heard.addAudio(part);
    heard.complete();
    expect(heard.heardAt(1000).text).toBe('');
    expect(heard.heardAt(3900).text).toBe(heard.heardAt(2100).text);
    expect(heard.heardAt(2100).text).toBe('one two');
  });

  test('are taken for the punctuation they fit best', () => {
    const heard = new HeardText(mulaw);
    heard.addText('Well, that was quick. The next one takes longer to say.');
    for (const part of [sound(300), silence(300), sound(1400), silence(500), sound(1800)]) heard.addAudio(part);
    heard.complete();
    expect(heard.heardAt(450).text).toBe('Well,');
    expect(heard.heardAt(2200).text).toBe('Well, that was quick.');
  });

  test('within words, and where punctuation is missing, move nothing', () => {
    const heard = new HeardText(mulaw);
    heard.addText('one two');
    for (const part of [sound(500), silence(80), sound(500)]) heard.addAudio(part);
    heard.complete();
    expect(heard.heardAt(700).text).toBe('one');
    expect(heard.heardAt(1000).text).toBe('one');
  });

  test('belong to the word before them where the flavor gives times', () => {
    const heard = new HeardText(mulaw);
    heard.addText('one ', 0);
    heard.addText('two', 1500);
    for (const part of [sound(500), silence(1000), sound(500)]) heard.addAudio(part);
    heard.complete();
    expect(heard.heardAt(400).text).toBe('');
    expect(heard.heardAt(600).text).toBe('one');
    expect(heard.heardAt(1400).text).toBe('one');
  });

  test('that are all there is are time like any other', () => {
    const heard = new HeardText(mulaw);
    heard.addText('one two');
    heard.addAudio(silence(1000));
    heard.complete();
    expect(heard.heardAt(700).text).toBe('one');
  });
});

test.each([
  [
    'pcm16',
    16_000,
    (ms: number, loud: boolean) => new Uint8Array(new Int16Array(ms * 16).fill(loud ? 9000 : 0).buffer),
  ],
  ['alaw', 8000, (ms: number, loud: boolean) => new Uint8Array(ms * 8).fill(loud ? 0x20 : 0xd5)],
] as const)('silences are seen in %s', (encoding, sampleRate, audio) => {
  const heard = new HeardText({ encoding, sampleRate });
  heard.addText('one two');
  for (const part of [audio(400, true), audio(600, false), audio(400, true)]) heard.addAudio(part);
  heard.complete();
  expect(heard.audioMs).toBe(1400);
  expect(heard.heardAt(420).text).toBe(heard.heardAt(980).text);
});

test('digits take as long as words', () => {
  const heard = new HeardText(mulaw);
  heard.addText('Room 123 is free');
  heard.addAudio(sound(2500));
  heard.complete();
  expect(heard.heardAt(1100).text).toBe('Room');
  expect(heard.heardAt(1800).text).toBe('Room 123');
});

test('a script without blanks is cut between its signs', () => {
  const heard = new HeardText(mulaw);
  heard.addText('您好，请问您找谁？');
  heard.addAudio(sound(1400));
  heard.complete();
  expect(heard.heardAt(660).text).toBe('您好，请');
});

test('the rate of a complete response is known, and carries over to one that is still being made', () => {
  const slow = new HeardText(mulaw);
  slow.addText('one two three');
  expect(slow.rate).toBeUndefined();
  slow.addAudio(sound(2400));
  slow.complete();
  expect(slow.rate).toBe(0.005);
  const next = new HeardText(mulaw, slow.rate);
  next.addText('one two three four five six');
  next.addAudio(sound(500));
  expect(next.heardAt(150).text).toBe('');
  next.addAudio(sound(300));
  expect(next.heardAt(800).text).toBe('one');
});

test('an answer of any length is read quickly', () => {
  const heard = new HeardText(mulaw);
  heard.addText('no, '.repeat(20_000));
  for (let index = 0; index < 2000; index += 1) {
    heard.addAudio(sound(100));
    heard.addAudio(silence(200));
  }
  heard.complete();
  expect(heard.heardAt(300_000).chars).toBeGreaterThan(35_000);
});

const sentences = [
  'Your parcel left the warehouse in Birmingham yesterday, at half past seven in the evening.',
  'It reached the depot during the night, where it was sorted and loaded on a van this morning.',
  'The driver has about eighty stops before yours, so I would expect him in the afternoon.',
  'You may cancel by letter, by message or here on the telephone. Is there anything else?',
];

/** Speech as uneven as people's: when each word ends is known. */
function unevenSpeech(text: string, random: SeededRandom) {
  const parts: Uint8Array[] = [silence(100)];
  let atMs = 100;
  const endsMs: number[] = [];
  for (const word of text.split(' ')) {
    const marked = /[,.?]$/.test(word);
    const letters = word.replace(/[^a-z]/gi, '').length;
    const lastsMs = Math.round((40 + letters * 62 + (marked ? 90 : 0)) * (0.75 + random.integer(51) / 100));
    parts.push(sound(lastsMs));
    atMs += lastsMs;
    endsMs.push(atMs);
    // People pause at most marks, and now and then where there is none.
    if (random.integer(100) >= (marked ? 85 : 6)) continue;
    const pauseMs = 140 + random.integer(300);
    parts.push(silence(pauseMs));
    atMs += pauseMs;
  }
  return { parts, endsMs, durationMs: atMs };
}

test('of uneven speech without times, what was heard is told to within a word', () => {
  const random = new SeededRandom(7);
  const errors: number[] = [];
  for (let round = 0; round < 40; round += 1) {
    const first = random.integer(sentences.length);
    const text = `${sentences[first]} ${sentences[(first + 1) % sentences.length]}`;
    const { parts, endsMs, durationMs } = unevenSpeech(text, random);
    const heard = new HeardText(mulaw);
    heard.addText(text);
    for (const part of parts) heard.addAudio(part);
    heard.complete();
    for (let ms = 150; ms < durationMs; ms += 410) {
      const told = heard
        .heardAt(ms)
        .text.split(' ')
        .filter((word) => word !== '').length;
      const whole = endsMs.filter((endMs) => endMs <= ms).length;
      // A word in the middle of which it was cut is heard as well as not.
      errors.push(told > whole + 1 ? told - whole - 1 : Math.min(0, told - whole));
    }
  }
  const exact = errors.filter((error) => error === 0).length / errors.length;
  expect(exact).toBeGreaterThan(0.9);
  expect(errors.filter((error) => Math.abs(error) > 1).length / errors.length).toBeLessThan(0.005);
});

test('where nobody pauses for a minute, words go by their letters alone', () => {
  const heard = new HeardText(mulaw);
  heard.addText('one two '.repeat(100));
  heard.addAudio(sound(60_000).map((code, at) => (at % 16_000 < 8000 && at % 2 === 0 ? code ^ 0x80 : code)));
  heard.complete();
  for (let share = 0.1; share < 1; share += 0.1) {
    expect(Math.abs(heard.heardAt(60_000 * share).chars - 800 * share)).toBeLessThanOrEqual(2);
  }
});
