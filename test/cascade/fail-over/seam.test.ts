import { beforeAll, describe, expect, test } from 'vitest';
import { failOverTextToSpeech } from '../../../src/cascade/fail-over/text-to-speech.js';
import type { TextToSpeechEvent } from '../../../src/cascade/stages/text-to-speech.js';
import { FakeClock } from '../../support/fake-clock.js';
import { exactWordTimes } from '../../support/speech.js';
import { mulaw } from './scripted-voice.js';
import { SpokenVoice, soundOf, wordsAtSeam } from './spoken-voice.js';

const opening = 'Good morning, this is the parcel desk.';
const sentence = 'It reached the depot in Leicester during the night, where it was sorted and loaded on a van.';

beforeAll(async () => {
  // What takes real time is done before: simulated time does not wait for it.
  for (const voice of ['slt', 'rms', 'awb'] as const) {
    for (const text of [opening, sentence, account]) await soundOf(text, voice);
  }
});

const account =
  'The balance of your account is four hundred and thirteen pounds, and the next payment is due in March.';

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

interface Heard {
  readonly bytes: Uint8Array;
  /** Silence while nothing was there to be played, ms. */
  readonly silentMs: number;
  readonly events: readonly TextToSpeechEvent[];
}

/** What a caller hears of pieces of which the first voice does not come to the end. */
async function hear(
  clock: FakeClock,
  voices: readonly SpokenVoice[],
  pieces: readonly string[],
  voice = failOverTextToSpeech(voices, { clock }),
): Promise<Heard> {
  const session = await voice.open({ output: mulaw }, new AbortController().signal);
  const utterance = session.begin();
  for (const piece of pieces) utterance.append(piece);
  utterance.finish();
  const events: TextToSpeechEvent[] = [];
  let [playedUntilMs, silentMs] = [0, 0];
  void (async () => {
    for await (const event of utterance.events) {
      events.push(event);
      if (event.type !== 'audio') continue;
      if (playedUntilMs > 0) silentMs += Math.max(0, clock.now() - playedUntilMs);
      playedUntilMs = Math.max(playedUntilMs, clock.now()) + event.data.length / 8;
    }
  })();
  for (let step = 0; step < 2_000 && events.at(-1)?.type !== 'end'; step += 1) {
    await settle();
    clock.advance(10);
  }
  session.close();
  const bytes = Buffer.concat(events.flatMap((event) => (event.type === 'audio' ? [event.data] : [])));
  return { bytes, silentMs, events };
}

/** So many bytes from the beginning of both are the same; from the end. */
const commonStart = (one: Uint8Array, other: Uint8Array): number => one.findIndex((byte, at) => byte !== other[at]);
const commonEnd = (one: Uint8Array, other: Uint8Array): number => commonStart(one.toReversed(), other.toReversed());

test.each([1_400, 2_600, 3_800])(
  'a voice that dies after %i ms is left between two words, and another goes on with the next',
  async (diesAfterMs) => {
    const clock = new FakeClock();
    const first = new SpokenVoice(clock, { voice: 'slt', speed: 3, diesAfterMs });
    const second = new SpokenVoice(clock, { voice: 'rms', speed: 3 });
    const { bytes, silentMs, events } = await hear(clock, [first, second], [sentence]);
    const untilMs = commonStart(bytes, await soundOf(sentence, 'slt')) / 8;
    const again = await soundOf(sentence, 'rms');
    const fromMs = (again.length - commonEnd(bytes, again)) / 8;
    expect(bytes.length / 8).toBeCloseTo(untilMs + again.length / 8 - fromMs, -2);
    expect(untilMs).toBeGreaterThan(300);
    expect(await wordsAtSeam(sentence, { voice: 'slt', untilMs }, { voice: 'rms', fromMs })).toEqual({
      twice: [],
      missing: [],
    });
    expect(silentMs).toBeLessThan(1_000);
    expect(events.flatMap((event) => (event.type === 'piece' ? [event.index] : []))).toEqual([0]);
    expect(events.at(-1)).toEqual({ type: 'end', spokenPieces: 1 });
  },
);

test('a piece of which the caller has heard nothing is said by the next voice as a whole', async () => {
  const clock = new FakeClock();
  const openingMs = (await soundOf(opening, 'slt')).length / 8;
  const first = new SpokenVoice(clock, { voice: 'slt', speed: 6, diesAfterMs: openingMs + 900 });
  const second = new SpokenVoice(clock, { voice: 'rms', speed: 6 });
  const { bytes, silentMs, events } = await hear(clock, [first, second], [opening, sentence]);
  expect(second.asked).toEqual([sentence]);
  expect(Buffer.from(bytes)).toEqual(Buffer.concat([await soundOf(opening, 'slt'), await soundOf(sentence, 'rms')]));
  expect(silentMs).toBe(0);
  expect(events.flatMap((event) => (event.type === 'piece' ? [event.index] : []))).toEqual([0, 1]);
  expect(events.at(-1)).toEqual({ type: 'end', spokenPieces: 2 });
});

/** The voice that broke off was at the end of its sound in the middle of a word at most: what was heard, and the rest. */
async function wordsAround(said: string, voice: 'slt' | 'rms' | 'awb', untilMs: number, rest: string) {
  const words = await exactWordTimes(said, voice);
  const left = words.length - rest.split(' ').length;
  const endMs = (word: number): number => words[word]?.startMs ?? Number.POSITIVE_INFINITY;
  const texts = (from: number, to: number): readonly string[] => words.slice(from, to).map(({ text }) => text);
  const over = words.findLastIndex(({ startMs }, word) => startMs < untilMs && endMs(word + 1) <= untilMs) + 1;
  const begun = words.filter(({ startMs }) => startMs < untilMs - 60).length;
  return { twice: texts(left, over), missing: texts(begun, left) };
}

describe('where it would take too long to say a piece again', () => {
  test.each([
    { voices: ['slt', 'rms'], diesAfterMs: 1_500 },
    { voices: ['slt', 'rms'], diesAfterMs: 3_500 },
    { voices: ['rms', 'awb'], diesAfterMs: 2_500 },
    { voices: ['rms', 'awb'], diesAfterMs: 4_500 },
    { voices: ['awb', 'slt'], diesAfterMs: 2_000 },
    { voices: ['awb', 'slt'], diesAfterMs: 4_000 },
  ] as const)('$voices.1 is given what $voices.0 has not said after $diesAfterMs ms, by its sound', async (death) => {
    const { voices, diesAfterMs } = death;
    const clock = new FakeClock();
    // How fast the voice speaks is known from what it said before.
    const before = await soundOf(opening, voices[0]);
    const first = new SpokenVoice(clock, {
      voice: voices[0],
      speed: 1.05,
      diesAfterMs: diesAfterMs + before.length / 8,
    });
    const second = new SpokenVoice(clock, { voice: voices[1], speed: 1.05 });
    const { bytes, silentMs, events } = await hear(clock, [first, second], [opening, sentence]);
    const untilMs = commonStart(bytes.subarray(before.length), await soundOf(sentence, voices[0])) / 8;
    const rest = second.asked.join(' | ');
    expect(sentence.endsWith(rest)).toBe(true);
    expect(await wordsAround(sentence, voices[0], untilMs, rest)).toEqual({ twice: [], missing: [] });
    expect(silentMs).toBeLessThan(500);
    expect(events.flatMap((event) => (event.type === 'piece' ? [event.index] : []))).toEqual([0, 1]);
  });
});

test('how fast a voice speaks is known from earlier calls', async () => {
  const clock = new FakeClock();
  const first = new SpokenVoice(clock, { voice: 'slt', speed: 1.05, diesAfterMs: 3_500 });
  const second = new SpokenVoice(clock, { voice: 'rms', speed: 1.05 });
  const voice = failOverTextToSpeech([first, second], { clock });
  await hear(clock, [], [opening], voice);
  const { bytes } = await hear(clock, [], [sentence], voice);
  const untilMs = commonStart(bytes, await soundOf(sentence, 'slt')) / 8;
  const [rest = ''] = second.asked;
  expect(await wordsAround(sentence, 'slt', untilMs, rest)).toEqual({ twice: [], missing: [] });
});

test('a next voice that turns out to be slow while it says the piece again is given the rest instead', async () => {
  const clock = new FakeClock();
  const first = new SpokenVoice(clock, { voice: 'slt', speed: 3, diesAfterMs: 3_800 });
  const second = new SpokenVoice(clock, { voice: 'rms', speed: 1.05 });
  const { silentMs, bytes } = await hear(clock, [first, second], [sentence]);
  expect(second.asked).toHaveLength(2);
  expect(second.asked[0]).toBe(sentence);
  const [, rest = 'nothing'] = second.asked;
  expect(rest.length).toBeLessThan(sentence.length);
  const untilMs = commonStart(bytes, await soundOf(sentence, 'slt')) / 8;
  expect((await wordsAround(sentence, 'slt', untilMs, rest)).missing).toEqual([]);
  expect(silentMs).toBeLessThan(1_200);
});

test('a next voice that has come past the place when no time is left is heard from there, and asked for nothing more', async () => {
  const clock = new FakeClock();
  const first = new SpokenVoice(clock, { voice: 'slt', speed: 2.4, diesAfterMs: 2_100 });
  const second = new SpokenVoice(clock, { voice: 'rms', speed: 2.4, opensAfterMs: 300 });
  const { silentMs, bytes } = await hear(clock, [first, second], [account]);
  expect(second.asked).toEqual([account]);
  const untilMs = commonStart(bytes, await soundOf(account, 'slt')) / 8;
  const again = await soundOf(account, 'rms');
  const fromMs = (again.length - commonEnd(bytes, again)) / 8;
  expect(await wordsAtSeam(account, { voice: 'slt', untilMs }, { voice: 'rms', fromMs })).toEqual({
    twice: [],
    missing: [],
  });
  // Until it was asked for the rest and said that, 0.3 s more would go by.
  expect(silentMs).toBeLessThan(1_250);
});

test('silence before a voice is given up counts: where it is long already, the next voice is given the rest', async () => {
  const clock = new FakeClock();
  const first = new SpokenVoice(clock, { voice: 'slt', speed: 1.5, hangsAfterMs: 540 });
  const second = new SpokenVoice(clock, { voice: 'rms', speed: 1.5 });
  const { silentMs } = await hear(clock, [first, second], [sentence]);
  expect(second.asked[0]?.length).toBeLessThan(sentence.length);
  expect(silentMs).toBeLessThan(1_000);
});

test('a second voice that dies before it is heard is replaced by a third, at the same place', async () => {
  const clock = new FakeClock();
  const voices = [
    new SpokenVoice(clock, { voice: 'slt', speed: 3, diesAfterMs: 2_600 }),
    new SpokenVoice(clock, { voice: 'awb', speed: 3, diesAfterMs: 300 }),
    new SpokenVoice(clock, { voice: 'rms', speed: 3 }),
  ];
  const { bytes } = await hear(clock, voices, [sentence]);
  const untilMs = commonStart(bytes, await soundOf(sentence, 'slt')) / 8;
  const again = await soundOf(sentence, 'rms');
  const fromMs = (again.length - commonEnd(bytes, again)) / 8;
  expect(await wordsAtSeam(sentence, { voice: 'slt', untilMs }, { voice: 'rms', fromMs })).toEqual({
    twice: [],
    missing: [],
  });
});

test('an utterance that is cancelled says nothing of what was held back', async () => {
  const clock = new FakeClock();
  const voice = new SpokenVoice(clock, { voice: 'slt', speed: 1_000 });
  const session = await failOverTextToSpeech([voice], { clock }).open({ output: mulaw }, new AbortController().signal);
  const utterance = session.begin();
  const events: TextToSpeechEvent[] = [];
  void (async () => {
    for await (const event of utterance.events) events.push(event);
  })();
  utterance.append(sentence);
  for (let step = 0; step < 50; step += 1) {
    await settle();
    clock.advance(1);
  }
  utterance.cancel();
  await settle();
  clock.advance(10_000);
  await settle();
  const heardMs = events.reduce((sum, event) => sum + (event.type === 'audio' ? event.data.length / 8 : 0), 0);
  expect(heardMs).toBeLessThanOrEqual(500);
  expect(heardMs).toBeGreaterThan(100);
  expect(clock.pendingTimers).toBe(0);
});
