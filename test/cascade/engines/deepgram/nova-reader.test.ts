import { expect, test } from 'vitest';
import { NovaReader } from '../../../../src/cascade/engines/deepgram/nova-reader.js';
import type { JsonObject } from '../../../../src/cascade/engines/shared/json.js';

const same = (streamMs: number): number => streamMs;

function results(transcript: string, more: JsonObject = {}): JsonObject {
  const words = transcript
    .split(' ')
    .filter((word) => word !== '')
    .map((word, index) => ({ word, punctuated_word: `${word},`, start: index, end: index + 0.5, confidence: 0.9 }));
  return {
    type: 'Results',
    start: 1,
    duration: 2,
    is_final: false,
    speech_final: false,
    channel: { alternatives: [{ transcript, confidence: 0.9, languages: ['en'], words }] },
    ...more,
  };
}

const final = { is_final: true };
const speechFinal = { is_final: true, speech_final: true };

function told(reader: NovaReader, ...messages: readonly JsonObject[]): readonly string[] {
  return messages.flatMap((message) =>
    reader.read(message, same).events.map((event) => {
      if (event.type === 'transcript') return `${event.final ? 'final' : 'interim'}: ${event.text}`;
      return event.type === 'end-of-turn' ? `end: ${event.text}` : event.type;
    }),
  );
}

test('segments add up until speech is final, interim results revise the one under way', () => {
  const reader = new NovaReader(true);
  expect(
    told(
      reader,
      results('my'),
      results('my number'),
      results('My number is', final),
      results('oh'),
      results('zero two zero.', speechFinal),
    ),
  ).toEqual([
    'interim: my',
    'interim: my number',
    'final: My number is',
    'interim: oh',
    'final: zero two zero.',
    'end: My number is zero two zero.',
  ]);
});

test('an empty segment ends the speech before it', () => {
  const reader = new NovaReader(true);
  expect(told(reader, results('Hello.', final), results('', speechFinal))).toEqual(['final: Hello.', 'end: Hello.']);
});

test('an utterance ends without a final speech, as on a noisy line', () => {
  const reader = new NovaReader(true);
  expect(told(reader, results('Hello.', final), { type: 'UtteranceEnd', last_word_end: 2.4 })).toEqual([
    'final: Hello.',
    'end: Hello.',
  ]);
});

test('an utterance that ends after final speech, or twice, means nothing', () => {
  const reader = new NovaReader(true);
  const end = { type: 'UtteranceEnd', last_word_end: -1 };
  expect(told(reader, results('Hello.', speechFinal), end, end)).toEqual(['final: Hello.', 'end: Hello.']);
});

test('an utterance that ends while its segment is open asks for the rest and waits for it', () => {
  const reader = new NovaReader(true);
  reader.read(results('hello'), same);
  expect(reader.read({ type: 'UtteranceEnd', last_word_end: 2 }, same)).toEqual({ events: [], finalize: true });
  expect(told(reader, results('Hello.', { ...final, from_finalize: true }))).toEqual(['final: Hello.', 'end: Hello.']);
});

test('where the connector decides, nothing of it ends a turn', () => {
  const reader = new NovaReader(false);
  expect(told(reader, results('Hello.', speechFinal), { type: 'UtteranceEnd', last_word_end: 2 })).toEqual([
    'final: Hello.',
  ]);
});

test('silence is not told, unless somebody asked or a word is taken back', () => {
  const reader = new NovaReader(false);
  expect(told(reader, results(''), results('', final))).toEqual([]);
  expect(told(reader, results('', { ...final, from_finalize: true }))).toEqual(['final: ']);
  expect(told(reader, results('hm'), results('', final))).toEqual(['interim: hm', 'final: ']);
});

test('what was heard is settled up to the end of each final segment', () => {
  const reader = new NovaReader(false);
  expect(reader.read(results('hello'), same).settledMs).toBeUndefined();
  expect(reader.read(results('hello', final), same).settledMs).toBe(3000);
});

test('silence is settled but for its end, in which a word may have begun', () => {
  const reader = new NovaReader(false);
  expect(reader.read(results(''), same).settledMs).toBe(2600);
  expect(reader.read(results('', final), same).settledMs).toBe(2600);
  expect(reader.read(results('', { start: 0, duration: 0.3 }), same).settledMs).toBe(0);
});

test('words come punctuated, on the clock of the call, and with their language', () => {
  const reader = new NovaReader(false);
  const { events } = reader.read(results('hello there', final), (streamMs) => streamMs + 10_000);
  expect(events).toEqual([
    {
      type: 'transcript',
      text: 'hello there',
      final: true,
      language: 'en',
      words: [
        { text: 'hello,', startMs: 10_000, endMs: 10_500, confidence: 0.9 },
        { text: 'there,', startMs: 11_000, endMs: 11_500, confidence: 0.9 },
      ],
    },
  ]);
});

test('the start of speech is told on the clock of the call', () => {
  const { events } = new NovaReader(false).read({ type: 'SpeechStarted', timestamp: 9.54 }, (ms) => ms + 1000);
  expect(events).toEqual([{ type: 'speech-started', positionMs: 10_540 }]);
});

test('an error ends the connection, a warning does not, an unknown message is a fault', () => {
  const reader = new NovaReader(false);
  expect(reader.read({ type: 'Error', description: 'secret words' }, same).failure).toMatchObject({
    code: 'ERR_FLAVOR_NETWORK',
    retryable: true,
  });
  expect(told(reader, { type: 'Warning', code: 'X' }, { type: 'Novelty' }, { type: 'Metadata' })).toEqual([
    'warning',
    'warning',
  ]);
});

test.each([
  ['no channel', {}],
  ['no alternative', { channel: { alternatives: [] } }],
  ['alternatives of another kind', { channel: { alternatives: 'none' } }],
])('results with %s are a fault, and no more', (_name, more) => {
  const { events } = new NovaReader(false).read({ type: 'Results', ...more }, same);
  expect(events).toMatchObject([{ type: 'warning', error: { code: 'ERR_FLAVOR_PROTOCOL' } }]);
});
