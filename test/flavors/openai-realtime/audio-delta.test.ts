import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAudioDelta } from '../../../flavors/openai-realtime/audio-delta.js';
import { readServerEvent } from '../../../flavors/openai-realtime/server-event.js';

const members = {
  response_id: 'resp_1',
  item_id: 'item_1',
  output_index: 0,
  content_index: 0,
  delta: 'AAECAwQF',
};
const delta = { type: 'response.output_audio.delta', event_id: 'event_1', ...members };

const found = (event: unknown) => readAudioDelta(Buffer.from(JSON.stringify(event)));

test('audio in the shape that the service gives it is found without parsing, and reads as when it is parsed', () => {
  const shapes = [
    delta,
    { ...delta, type: 'response.audio.delta' },
    { event_id: 'event_1', type: 'response.output_audio.delta', ...members },
    { ...delta, delta: '' },
    { ...delta, delta: 'AAAA'.repeat(100_000) },
  ];
  for (const shape of shapes) {
    expect(found(shape)).toEqual(readServerEvent(JSON.stringify(shape)));
    expect(found(shape)).toMatchObject({ type: 'audio', audio: shape.delta });
  }
});

test.each([
  ['another event', { ...delta, type: 'response.output_audio_transcript.delta' }],
  ['members in another order', { type: delta.type, ...members, event_id: 'event_1' }],
  ['a member that is new', { ...delta, obfuscation: 'x' }],
  ['no event id', { type: delta.type, ...members }],
  ['an id with a quote', { ...delta, item_id: 'a"b' }],
  ['an id that is none', { ...delta, response_id: '' }],
  ['an id beyond its length', { ...delta, response_id: 'x'.repeat(201) }],
  ['audio with an escape', { ...delta, delta: 'AA\\AA' }],
  ['audio that is no text', { ...delta, delta: 7 }],
  ['something that looks like audio inside', { type: 'error', error: delta }],
])('%s is left to the parser', (_what, event) => {
  expect(found(event)).toBeUndefined();
});

test('a slash that is escaped, as some servers do, is left to the parser', () => {
  const text = JSON.stringify({ ...delta, delta: 'AA//' }).replaceAll('/', '\\/');
  expect(readAudioDelta(Buffer.from(text))).toBeUndefined();
  expect(readServerEvent(text)).toMatchObject({ audio: 'AA//' });
});

test('whatever is found without parsing, parsing finds as well', () => {
  const text = JSON.stringify(delta);
  const cut = fc.nat(text.length);
  const spoiled = fc.tuple(cut, cut, fc.string({ maxLength: 12 })).map(([from, to, middle]) => {
    return text.slice(0, Math.min(from, to)) + middle + text.slice(Math.max(from, to));
  });
  fc.assert(
    fc.property(spoiled, (each) => {
      const event = readAudioDelta(Buffer.from(each));
      // Bytes below a space are no JSON, and no base64 either: they stand for nothing.
      if (event !== undefined && !/[^ -~]/.test(each)) expect(event).toEqual(readServerEvent(each));
    }),
    { numRuns: 500 },
  );
});
