import { beforeAll, expect, test } from 'vitest';
import { SeededRandom } from '../../support/seeded-random.js';
import { speak } from '../../support/speech.js';
import { type KnownUtterance, Recogniser } from './recogniser.js';
import { decodeAudio, encodeAudio } from './wire-format.js';

const lines = [
  'Hello, I would like to book a haircut.',
  'On Friday afternoon, please.',
  'Stop, wait a moment.',
  'Uh-huh.',
  'Yes.',
  'No, thank you.',
  'Goodbye.',
] as const;

let known: readonly KnownUtterance[] = [];
let recogniser = new Recogniser([]);

beforeAll(async () => {
  const voices = ['rms', 'slt'] as const;
  known = await Promise.all(
    voices.flatMap((voice) =>
      lines.map(async (text) => {
        const pcm = await speak(text, voice);
        return { text: `${voice}: ${text}`, speech: { pcm, sampleRate: 16_000, words: [] } };
      }),
    ),
  );
  recogniser = new Recogniser(known);
});

/** As it comes over a phone: shifted, quieter, G.711, with noise of -50 dBFS. */
function overThePhone({ speech }: KnownUtterance, seed: number): Int16Array {
  const random = new SeededRandom(seed);
  const pcm = new Int16Array(speech.pcm.length + 8000);
  pcm.set(
    speech.pcm.map((sample) => sample / 2),
    3300 + random.integer(160),
  );
  const noisy = pcm.map((sample) => sample + random.integer(200) - 100);
  return decodeAudio(encodeAudio(noisy, 16_000, { type: 'audio/pcmu' }), { type: 'audio/pcmu' });
}

test('known utterances are recognised over the phone, and told from each other', () => {
  const understood = known.map((utterance, seed) => recogniser.recognise(overThePhone(utterance, seed), 8000)?.text);
  expect(understood).toEqual(known.map(({ text }) => text));
});

test('other words, noise and silence are not recognised', async () => {
  const others = ['My parcel has not arrived yet, where is it?', 'Could you spell that?', 'Certainly.'];
  for (const text of others) {
    const utterance = { text, speech: { pcm: await speak(text, 'rms'), sampleRate: 16_000, words: [] } };
    expect(recogniser.recognise(overThePhone(utterance, 1), 8000)).toBeUndefined();
  }
  const random = new SeededRandom(3);
  const noise = Int16Array.from({ length: 8000 }, () => random.integer(8000) - 4000);
  expect(recogniser.recognise(noise, 8000)).toBeUndefined();
  expect(recogniser.recognise(new Int16Array(8000), 8000)).toBeUndefined();
});
