import { beforeAll, expect, test } from 'vitest';
import { createResampler } from '../../../src/audio/resampler.js';
import { atOnce } from '../../../src/base/steps.js';
import { wordPlaces } from '../../../src/cascade/seam/word-places.js';
import { Narrator } from '../../flavors/chatterbox-custom/support/spoken.js';

const RATE = 16_000;
const PER_MS = RATE / 1_000;
const LETTER_MS = 60;
const texts = [
  'Your prescription is ready, you may collect it whenever you like, and there is nothing left to pay.',
  'I have found three flights to Lisbon on Friday morning, and the cheapest of them leaves at twenty past six.',
  'Nobody answered when the courier rang the bell, therefore the package went back to the depot.',
];
let narrator: Narrator;

const placesOf = (text: string, samples: Int16Array, rate = RATE) => atOnce(wordPlaces(text, samples, rate, LETTER_MS));

beforeAll(async () => {
  narrator = await Narrator.create('rms');
});

test('of a sound that breaks off the words are known that were said a while ago, to a third of a second', () => {
  for (const text of texts) {
    const { pcm, times } = narrator.say(text);
    for (const untilMs of [2_500, 3_400, 4_300]) {
      const places = placesOf(text, pcm.subarray(0, untilMs * PER_MS));
      const known = times.filter(({ startMs }) => startMs < untilMs - 1_300);
      expect(known.length).toBeGreaterThan(1);
      for (const [word, { startMs }] of known.entries()) {
        expect(Math.abs((places[word]?.startMs ?? Number.POSITIVE_INFINITY) - startMs)).toBeLessThan(300);
      }
      const words = text.split(' ');
      expect(places.map(({ index }) => text.slice(index).split(' ')[0])).toEqual(words.slice(0, places.length));
    }
  }
});

test('a word ends before the pause that follows, and the next begins behind it', () => {
  const text = texts[1] ?? '';
  const { pcm, times } = narrator.say(text);
  const places = placesOf(text, pcm.subarray(0, 4_500 * PER_MS));
  const [morning = 0, and = 0] = [times[9]?.endMs, times[10]?.startMs];
  expect(and - morning).toBeGreaterThan(120);
  expect(Math.abs((places[9]?.endMs ?? 0) - morning)).toBeLessThan(50);
  expect(Math.abs((places[10]?.startMs ?? 0) - and)).toBeLessThan(50);
});

test('the rate of the sound is no matter', () => {
  const text = texts[1] ?? '';
  const samples = narrator.say(text).pcm.subarray(0, 4_000 * PER_MS);
  const telephone = Int16Array.from(createResampler(RATE, 8_000).process(samples));
  const [wide, narrow] = [placesOf(text, samples), placesOf(text, telephone, 8_000)];
  for (const [word, { startMs }] of narrow.slice(0, -6).entries()) {
    expect(Math.abs(startMs - (wide[word]?.startMs ?? 0))).toBeLessThan(100);
  }
});

test('of silence, of no sound and of no text nothing is told', () => {
  expect(placesOf(texts[0] ?? '', new Int16Array(0))).toEqual([]);
  expect(placesOf('', narrator.say('Hello.').pcm)).toEqual([]);
  expect(placesOf(' ', narrator.say('Hello.').pcm)).toEqual([]);
});
