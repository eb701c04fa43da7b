import { expect, test } from 'vitest';
import { utteranceEvents } from '../../../flavors/echo/utterance.js';

const utterance = {
  text: '“Zoë” is here',
  speech: {
    pcm: Int16Array.from({ length: 40_000 }, (_, index) => index % 1_000),
    sampleRate: 16_000,
    words: [
      { text: '"Zoe"', startMs: 0 },
      { text: 'is', startMs: 1_100 },
      { text: 'here', startMs: 1_500 },
    ],
  },
} as const;

test('a word is announced before the second of audio that it begins in', () => {
  const events = [...utteranceEvents('speech-1', utterance)];
  expect(events.map((event) => (event.type === 'audio' ? event.data.length / 32 : event.type))).toEqual([
    'transcript',
    'text',
    1_000,
    'text',
    'text',
    1_000,
    500,
    'audio-done',
  ]);
});

test('text keeps its own spelling where the voice read as many words', () => {
  const events = [...utteranceEvents('speech-1', utterance)];
  const text = events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('');
  expect(text).toBe('“Zoë” is here ');
});

test('what one call is given is its own, though the speech is shared', () => {
  const audio = () =>
    [...utteranceEvents('speech-1', utterance)].flatMap((each) => (each.type === 'audio' ? [each] : []));
  const [first] = audio();
  first?.data.fill(1);
  const [second] = audio();
  expect(second?.data.slice(0, 6)).toEqual(new Uint8Array([0, 0, 1, 0, 2, 0]));
  expect(utterance.speech.pcm[2]).toBe(2);
});
