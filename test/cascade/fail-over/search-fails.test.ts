import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { failOverTextToSpeech } from '../../../src/cascade/fail-over/text-to-speech.js';
import { FrameReader } from '../../../src/cascade/seam/spectrum.js';
import { TakeOver } from '../../../src/cascade/seam/take-over.js';
import type { TextToSpeechEvent } from '../../../src/cascade/stages/text-to-speech.js';
import { HeardText } from '../../../src/heard/heard-text.js';
import { FakeClock } from '../../support/fake-clock.js';
import { mulaw } from './scripted-voice.js';
import { SpokenVoice, soundOf } from './spoken-voice.js';

const text = 'It reached the depot in Leicester during the night, where it was sorted and loaded on a van.';

beforeAll(async () => {
  for (const voice of ['slt', 'rms'] as const) await soundOf(text, voice);
});

afterEach(() => void vi.restoreAllMocks());

/** A voice dies in mid-sentence, and another goes on. A rejection that nobody handles fails the test file. */
async function sayTwice(): Promise<{ readonly events: readonly TextToSpeechEvent[]; readonly asked: string[] }> {
  const clock = new FakeClock();
  const first = new SpokenVoice(clock, { voice: 'slt', speed: 6, diesAfterMs: 2_600 });
  const second = new SpokenVoice(clock, { voice: 'rms', speed: 20 });
  const voice = failOverTextToSpeech([first, second], { clock });
  const session = await voice.open({ output: mulaw }, new AbortController().signal);
  const utterance = session.begin();
  utterance.append(text);
  utterance.finish();
  const events: TextToSpeechEvent[] = [];
  void (async () => {
    for await (const event of utterance.events) events.push(event);
  })();
  for (let step = 0; step < 1_500 && events.at(-1)?.type !== 'end'; step += 1) {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(10);
  }
  session.close();
  return { events, asked: second.asked };
}

const fails = (): never => {
  throw new RangeError('a mistake in the search');
};

/** What was told of the search, and how the utterance ended. */
function outcome(events: readonly TextToSpeechEvent[]) {
  const told = events.flatMap((event) => (event.type === 'warning' ? [event.error.message] : []));
  return { searchFailed: told.some((message) => message.includes('search')), end: events.at(-1) };
}

test('the place where a voice is left cannot be looked for: the next is given the rest by estimate', async () => {
  vi.spyOn(FrameReader.prototype, 'push').mockImplementation(fails);
  const { events, asked } = await sayTwice();
  expect(outcome(events)).toEqual({ searchFailed: true, end: { type: 'end', spokenPieces: 1 } });
  expect(asked).toHaveLength(1);
  expect(text.endsWith(asked[0] ?? '?')).toBe(true);
  expect(asked[0]?.length).toBeLessThan(text.length);
});

test('the place to enter the next voice cannot be looked for: it is given the rest instead', async () => {
  vi.spyOn(TakeOver.prototype, 'find').mockImplementation(fails);
  const { events, asked } = await sayTwice();
  expect(outcome(events)).toEqual({ searchFailed: true, end: { type: 'end', spokenPieces: 1 } });
  expect(asked[0]).toBe(text);
  expect(asked).toHaveLength(2);
  expect(text.endsWith(asked[1] ?? '?')).toBe(true);
});

test('whatever else goes wrong ends the utterance alone, with an error', async () => {
  vi.spyOn(TakeOver.prototype, 'find').mockImplementation(function* () {
    yield;
    return 'unlike';
  });
  vi.spyOn(HeardText.prototype, 'addAudio').mockImplementation(fails);
  const { events } = await sayTwice();
  expect(events.at(-1)).toMatchObject({ type: 'end', spokenPieces: 0, error: { code: 'ERR_FLAVOR_PROTOCOL' } });
});
