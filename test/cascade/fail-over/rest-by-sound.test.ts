import { describe, expect, test } from 'vitest';
import { restBySound, SpeechPace } from '../../../src/cascade/fail-over/seam.js';
import { exactWordTimes, speak8k } from '../../support/speech.js';

const base = { sampleRate: 8_000 } as const;
const texts = ['Good morning, this is the parcel desk.', 'It reached the depot in Leicester, and was sorted.'] as const;

/** Two texts as one voice says them without a word of where the second begins. */
async function both() {
  const [first, second] = [await speak8k(texts[0]), await speak8k(texts[1])];
  const samples = new Int16Array(first.length + second.length);
  samples.set(first);
  samples.set(second, first.length);
  return { samples, secondMs: first.length / 8, endMs: samples.length / 8 };
}

describe('what is left of texts that were said one after the other', () => {
  test('of the first, and all of the second', async () => {
    const { samples } = await both();
    const [, , , is] = await exactWordTimes(texts[0]);
    const leave = { leaveMs: is?.startMs ?? 0, inGap: false };
    expect(restBySound(texts, samples, base, leave, new SpeechPace())).toEqual({
      index: 0,
      text: 'is the parcel desk.',
    });
  });

  test('of the second alone', async () => {
    const { samples, secondMs } = await both();
    const leicester = (await exactWordTimes(texts[1])).find(({ text }) => text.startsWith('Leicester'));
    const leave = { leaveMs: secondMs + (leicester?.startMs ?? 0), inGap: false };
    const rest = restBySound(texts, samples, base, leave, new SpeechPace());
    expect(rest).toEqual({ index: 1, text: 'Leicester, and was sorted.' });
  });

  test('the last word at least: an engine that failed had not told all', async () => {
    const { samples, endMs } = await both();
    const rest = restBySound(texts, samples, base, { leaveMs: endMs, inGap: true }, new SpeechPace());
    expect(rest).toEqual({ index: 1, text: 'sorted.' });
  });

  test('of a word in the middle of which it was left, the whole word', async () => {
    const { samples } = await both();
    const parcel = (await exactWordTimes(texts[0])).find(({ text }) => text === 'parcel');
    const leave = { leaveMs: (parcel?.startMs ?? 0) + 120, inGap: false };
    expect(restBySound(texts, samples, base, leave, new SpeechPace())).toEqual({ index: 0, text: 'parcel desk.' });
  });

  test('where nothing sounds, all', () => {
    const rest = restBySound(texts, new Int16Array(800), base, { leaveMs: 0, inGap: true }, new SpeechPace());
    expect(rest).toEqual({ index: 0, text: texts[0] });
  });
});

test('how fast a voice speaks is told by the longest piece that it has said, its pauses left out', async () => {
  const pace = new SpeechPace();
  const assumed = pace.rate;
  const samples = await speak8k(texts[1]);
  const silence = new Int16Array(samples.length);
  const slow = new Int16Array(2 * samples.length);
  slow.set(samples);
  slow.set(silence, samples.length);
  pace.learn(texts[1], slow.length / 8, { ...base, samples: () => slow });
  const rate = pace.rate;
  expect(rate).not.toBe(assumed);
  pace.learn('Yes.', 4_000, { ...base, samples: () => samples });
  expect(pace.rate).toBe(rate);
  const other = new SpeechPace();
  other.learn(texts[1], samples.length / 8, { ...base, samples: () => samples });
  expect(other.rate).toBeCloseTo(rate, 4);
});
