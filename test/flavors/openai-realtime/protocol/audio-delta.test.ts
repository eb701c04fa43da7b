import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AudioDeltaReader } from '../../../../flavors/openai-realtime/protocol/audio-delta.js';
import { readServerEvent } from '../../../../flavors/openai-realtime/protocol/server-event.js';

const members = {
  response_id: 'resp_1',
  item_id: 'item_1',
  output_index: 0,
  content_index: 0,
  delta: 'AAECAwQF',
};
const delta = { type: 'response.output_audio.delta', event_id: 'event_1', ...members };

const bytesOf = (event: unknown) => Buffer.from(JSON.stringify(event));
const found = (event: unknown) => new AudioDeltaReader().read(bytesOf(event));

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

test('message after message is read alike, whichever part of the head has changed', () => {
  const reader = new AudioDeltaReader();
  const events = [
    delta,
    { ...delta, event_id: 'event_2', delta: 'AAAA' },
    { ...delta, event_id: 'event_23456', delta: '' },
    { ...delta, event_id: 'x'.repeat(200) },
    { ...delta, response_id: 'resp_2' },
    { ...delta, event_id: 'event_3', response_id: 'resp_2', output_index: 1 },
    { event_id: 'event_4', type: 'response.audio.delta', ...members },
    { event_id: 'event_5', type: 'response.audio.delta', ...members },
    delta,
  ];
  for (const event of events) {
    expect(reader.read(bytesOf(event))).toEqual(readServerEvent(JSON.stringify(event)));
  }
});

test.each([
  ['no id', ''],
  ['one beyond its length', 'x'.repeat(201)],
  ['one with an escape', 'a\\b'],
  ['one with more than ASCII', 'é'],
])('behind a head that is known, an id of an event that is none is left to the parser: %s', (_what, id) => {
  const reader = new AudioDeltaReader();
  expect(reader.read(bytesOf(delta))).toBeDefined();
  expect(reader.read(bytesOf({ ...delta, event_id: id }))).toBeUndefined();
});

test('a message that ends within its head is none', () => {
  const reader = new AudioDeltaReader();
  const whole = bytesOf(delta);
  expect(reader.read(whole)).toBeDefined();
  for (let length = 0; length < whole.length; length += 1) {
    expect(reader.read(whole.subarray(0, length))).toBeUndefined();
  }
});

test('ids that are kept keep no message', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const reader = new AudioDeltaReader();
  const ids: string[] = [];
  const kept = 4000;
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < kept; count += 1) {
    const event = {
      ...delta,
      event_id: `event_CUPYu5BGrN3zzqVZ_${count}`,
      response_id: `resp_CUPYtM5hPKlPmY5g_${count >> 1}`,
      delta: 'AAAA'.repeat(160),
    };
    const read = reader.read(bytesOf(event));
    if (read !== undefined) ids.push(read.eventId, read.responseId, read.itemId);
  }
  collect();
  // Two or three short strings each; the message has 800 bytes.
  expect((process.memoryUsage().heapUsed - before) / kept).toBeLessThan(250);
  expect(ids).toHaveLength(3 * kept);
});

test('a connection keeps of a head no more than its bytes', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const count = 300;
  collect();
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: count }, () => {
    const reader = new AudioDeltaReader();
    expect(reader.read(bytesOf(delta))).toBeDefined();
    // What others ask for in between takes up the rest of the memory that is shared out in pieces.
    for (let other = 0; other < 4; other += 1) Buffer.allocUnsafe(4000);
    return reader;
  });
  // Memory of buffers is given back beside the program, some time after the collection.
  const kept = (): number => {
    collect();
    return (process.memoryUsage().arrayBuffers - before) / count;
  };
  await expect.poll(kept).toBeLessThan(1000);
  expect(readers).toHaveLength(count);
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
  expect(new AudioDeltaReader().read(Buffer.from(text))).toBeUndefined();
  expect(readServerEvent(text)).toMatchObject({ audio: 'AA//' });
});

test('whatever is found without parsing, parsing finds as well', () => {
  const text = JSON.stringify(delta);
  const cut = fc.nat(text.length);
  const spoiled = fc.tuple(cut, cut, fc.string({ maxLength: 12 })).map(([from, to, middle]) => {
    return text.slice(0, Math.min(from, to)) + middle + text.slice(Math.max(from, to));
  });
  fc.assert(
    fc.property(spoiled, fc.boolean(), (each, warm) => {
      const reader = new AudioDeltaReader();
      if (warm) reader.read(bytesOf(delta));
      const event = reader.read(Buffer.from(each));
      // Bytes below a space are no JSON, and no base64 either: they stand for nothing.
      if (event !== undefined && !/[^ -~]/.test(each)) expect(event).toEqual(readServerEvent(each));
    }),
    { numRuns: 1000 },
  );
});
