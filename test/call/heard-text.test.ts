import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeardText } from '../../src/call/heard-text.js';

/** "one two three four", a word every 400 ms, as a synthesiser with word times gives it. */
function fourWords(): HeardText {
  const heard = new HeardText();
  for (const [index, word] of ['one ', 'two ', 'three ', 'four'].entries()) heard.addText(word, index * 400);
  heard.addAudio(1600);
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

test('a sentence cue is spread over its time and cut at a word', () => {
  const heard = new HeardText();
  heard.addText('Your parcel will arrive tomorrow.', 0);
  heard.addText(' Anything else?', 2000);
  heard.addAudio(3000);
  heard.complete();
  expect(heard.heardAt(1000).text).toBe('Your parcel will');
  expect(heard.heardAt(2000).text).toBe('Your parcel will arrive tomorrow.');
});

test('without any times, the text is spread over all the audio', () => {
  const heard = new HeardText();
  heard.addText('Hello there my friend');
  heard.addAudio(2000);
  heard.complete();
  expect(heard.heardAt(1100).text).toBe('Hello there');
  expect(heard.heardAt(2000).text).toBe('Hello there my friend');
});

test('while the response is still being made, unheard text is not claimed', () => {
  const heard = new HeardText();
  heard.addText('a rather long sentence whose audio is only beginning to arrive here');
  heard.addAudio(100);
  expect(heard.heardAt(100).text).toBe('a');
});

test('spelling is kept: chars index the very text the flavor gave', () => {
  const heard = new HeardText();
  heard.addText('  Grüße,\tWelt — naïve café  ', 0);
  heard.addAudio(1000);
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
        const heard = new HeardText();
        let atMs = 0;
        for (const cue of cues) {
          if (cue.gapMs === undefined) heard.addText(cue.text);
          else {
            atMs += cue.gapMs;
            heard.addText(cue.text, atMs);
          }
        }
        heard.addAudio(audioMs);
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
  const heard = new HeardText();
  heard.addText('one ', 0);
  heard.addText('', 400);
  heard.addAudio(400);
  expect(heard.heardAt(400)).toEqual({ text: 'one', chars: 3 });
});
