import { getEventListeners } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { createSystemClock } from '../../../../src/base/clock.js';
import { createSystemRandom } from '../../../../src/base/random.js';
import {
  createDeepgramSpeechToText,
  createDeepgramTextToSpeech,
  type DeepgramDeps,
  deepgramListenSchema,
  deepgramSpeakSchema,
} from '../../../../src/cascade/engines/deepgram/index.js';
import type { SpeechToTextEvent, SpeechToTextStream, TextToSpeechEvent } from '../../../../src/cascade/index.js';
import type { AudioFormat } from '../../../../src/flavor-api/index.js';
import { encodeAudio } from '../../../fakes/deepgram/audio-format.js';
import { eventually, useScene } from '../../../fakes/deepgram/scene.js';
import { toneVoice } from '../../../fakes/openai-realtime/tone-voice.js';

const { start } = useScene();
const controllers: AbortController[] = [];
afterEach(() => {
  for (const controller of controllers.splice(0)) controller.abort();
});

const mulaw: AudioFormat = { encoding: 'mulaw', sampleRate: 8000 };
const deps: DeepgramDeps = { apiKey: 'test', clock: createSystemClock(), random: createSystemRandom() };
const line = 'I would like to book a table';

function signal(): AbortSignal {
  const controller = new AbortController();
  controllers.push(controller);
  return controller.signal;
}

function kept<Event>(events: AsyncIterable<Event>): Event[] {
  const all: Event[] = [];
  void (async () => {
    for await (const event of events) all.push(event);
  })();
  return all;
}

/** The caller says it, and is silent for a second; all at once. */
async function say(stream: SpeechToTextStream, text: string, format = mulaw): Promise<void> {
  const { pcm, sampleRate } = await toneVoice(text);
  const padded = new Int16Array(pcm.length + sampleRate);
  padded.set(pcm);
  const wire = {
    encoding: format.encoding === 'pcm16' ? ('linear16' as const) : format.encoding,
    sampleRate: format.sampleRate,
  };
  const bytes = encodeAudio(padded, sampleRate, wire);
  const frameBytes = (format.sampleRate / 50) * (format.encoding === 'pcm16' ? 2 : 1);
  for (let at = 0; at + frameBytes <= bytes.length; at += frameBytes) {
    stream.write({ data: bytes.subarray(at, at + frameBytes), positionMs: (at / frameBytes) * 20, concealed: false });
  }
}

function lines(events: readonly SpeechToTextEvent[]): readonly string[] {
  return events.flatMap((event) => {
    if (event.type === 'transcript') return event.final ? [`final: ${event.text}`] : [];
    if (event.type === 'end-of-turn' || event.type === 'eager-end-of-turn') return [`${event.type}: ${event.text}`];
    return event.type === 'end' ? ['end'] : [];
  });
}

test.each([
  ['nova-3', mulaw, [`final: ${line}`]],
  ['nova-3', { encoding: 'alaw', sampleRate: 8000 }, [`final: ${line}`]],
  ['nova-3', { encoding: 'pcm16', sampleRate: 16_000 }, [`final: ${line}`]],
  ['flux-general-en', mulaw, [`eager-end-of-turn: ${line}`, `final: ${line}`, `end-of-turn: ${line}`]],
] satisfies [string, AudioFormat, string[]][])('%s understands a caller in %o', async (model, format, expected) => {
  const fake = await start({ lines: [line] });
  const engine = createDeepgramSpeechToText(deepgramListenSchema.parse({ model, url: fake.url }), deps);
  const stream = await engine.open({ input: format }, signal());
  const events = kept(stream.events);
  await say(stream, line, format);
  await eventually(() => lines(events)).toEqual(expected);
  stream.close();
  await eventually(() => lines(events).at(-1)).toBe('end');
  const usage = events.flatMap((event) => (event.type === 'usage' ? [event] : []));
  expect(usage).toMatchObject([{ provider: 'deepgram', model, unit: 'audio-ms' }]);
  expect(usage[0]?.quantity).toBeGreaterThan(2_000);
  await eventually(() => fake.connections()).toBe(0);
});

test('the settings of Nova go out as its parameters', async () => {
  const fake = await start();
  const config = deepgramListenSchema.parse({
    model: 'nova-3',
    url: fake.url,
    language: 'en-GB',
    keyterms: ['Acme', 'beta gamma'],
    numerals: true,
    profanityFilter: true,
    redact: ['pci', 'ssn'],
    tags: ['desk'],
    mipOptOut: true,
    smartFormat: false,
  });
  await createDeepgramSpeechToText(config, deps).open({ input: mulaw }, signal());
  expect(fake.timeline.connections[0]?.query).toBe(
    'model=nova-3&encoding=mulaw&sample_rate=8000&language=en-GB&channels=1&interim_results=true&punctuate=true' +
      '&smart_format=false&vad_events=true&endpointing=300&utterance_end_ms=1000&keyterm=Acme&keyterm=beta+gamma' +
      '&redact=pci&redact=ssn&tag=desk&numerals=true&profanity_filter=true&mip_opt_out=true',
  );
});

test('the settings of Flux go out as its parameters, and none of v1', async () => {
  const fake = await start();
  const config = deepgramListenSchema.parse({
    model: 'flux-general-multi',
    url: fake.url,
    languageHints: ['en', 'es'],
    keyterms: ['Acme'],
    eotThreshold: 0.8,
    eagerEotThreshold: null,
    eotTimeoutMs: 3000,
  });
  const engine = createDeepgramSpeechToText(config, deps);
  expect(engine.capabilities).toMatchObject({ endOfTurn: true, eagerEndOfTurn: false, finalize: false });
  await engine.open({ input: mulaw }, signal());
  expect(fake.timeline.connections[0]?.query).toBe(
    'model=flux-general-multi&encoding=mulaw&sample_rate=8000&eot_threshold=0.8&eot_timeout_ms=3000' +
      '&language_hint=en&language_hint=es&keyterm=Acme',
  );
});

test.each([
  [{ model: 'flux-general-en', language: 'en' }, 'language'],
  [{ model: 'flux-general-en', endpointingMs: 300 }, 'endpointingMs'],
  [{ model: 'flux-general-en', languageHints: ['es'] }, 'languageHints'],
  [{ model: 'nova-3', eotThreshold: 0.7 }, 'eotThreshold'],
  [{ model: 'flux-general-en', eotThreshold: 0.5, eagerEotThreshold: 0.6 }, 'eagerEotThreshold'],
  [{ model: 'nova-2', keyterms: ['Acme'] }, 'keyterms'],
])('%o is refused before anything is dialled', (config, key) => {
  expect(() => createDeepgramSpeechToText(deepgramListenSchema.parse(config), deps)).toThrow(
    expect.objectContaining({ code: 'ERR_FLAVOR_CONFIG', message: expect.stringContaining(key) }),
  );
});

test.each([
  ['upgrade-400', 'ERR_FLAVOR_CONFIG', false],
  ['upgrade-401', 'ERR_FLAVOR_AUTH', false],
  ['upgrade-402', 'ERR_FLAVOR_QUOTA', false],
  ['upgrade-403', 'ERR_FLAVOR_AUTH', false],
  ['upgrade-429', 'ERR_FLAVOR_QUOTA', true],
  ['upgrade-500', 'ERR_FLAVOR_NETWORK', true],
  ['upgrade-503', 'ERR_FLAVOR_NETWORK', true],
  ['connect-refused', 'ERR_FLAVOR_NETWORK', true],
  ['connect-hang', 'ERR_FLAVOR_TIMEOUT', true],
] as const)('%s is %s for both stages, at a check and at a call', async (fault, code, retryable) => {
  const fake = await start();
  fake.fail(fault);
  const connectTimeoutMs = fault === 'connect-hang' ? 150 : 5_000;
  const listen = createDeepgramSpeechToText(deepgramListenSchema.parse({ url: fake.url, connectTimeoutMs }), deps);
  const speak = createDeepgramTextToSpeech(deepgramSpeakSchema.parse({ url: fake.url, connectTimeoutMs }), deps);
  const error = { code, retryable };
  await expect(listen.check(signal())).rejects.toMatchObject(error);
  await expect(listen.open({ input: mulaw }, signal())).rejects.toMatchObject(error);
  await expect(speak.check(signal())).rejects.toMatchObject(error);
  await expect(speak.open({ output: mulaw }, signal())).rejects.toMatchObject(error);
  fake.recover();
  await listen.check(signal());
  await speak.check(signal());
});

test('an opening that is no longer wanted ends with the reason', async () => {
  const fake = await start();
  fake.fail('connect-hang');
  const controller = new AbortController();
  const engine = createDeepgramSpeechToText(deepgramListenSchema.parse({ url: fake.url }), deps);
  const opening = engine.open({ input: mulaw }, controller.signal);
  controller.abort(new Error('hung up'));
  await expect(opening).rejects.toThrow('hung up');
});

test('the end of a call ends the stream and its connection', async () => {
  const fake = await start();
  const controller = new AbortController();
  const engine = createDeepgramSpeechToText(deepgramListenSchema.parse({ url: fake.url }), deps);
  const stream = await engine.open({ input: mulaw }, controller.signal);
  const events = kept(stream.events);
  controller.abort();
  await eventually(() => lines(events)).toEqual(['end']);
  await eventually(() => fake.connections()).toBe(0);
  stream.write({ data: new Uint8Array(160), positionMs: 0, concealed: false });
  stream.finalize();
  stream.close();
});

test.each(['close-1006', 'close-1011', 'error-close', 'oversized'] as const)(
  'a caller is understood although the connection breaks in the middle: %s',
  async (fault) => {
    const fake = await start({ lines: [line] });
    fake.fail(fault, { once: true, to: 'new' });
    const engine = createDeepgramSpeechToText(deepgramListenSchema.parse({ url: fake.url }), deps);
    const stream = await engine.open({ input: mulaw }, signal());
    const events = kept(stream.events);
    await say(stream, line);
    await eventually(() => lines(events).at(-1)).toBe(`end-of-turn: ${line}`);
    expect(events.filter(({ type }) => type === 'end-of-turn')).toHaveLength(1);
    expect(events.some(({ type }) => type === 'warning')).toBe(true);
    expect(fake.timeline.connections).toHaveLength(2);
  },
);

test('a message that is none is a warning, and the stream goes on', async () => {
  const fake = await start({ lines: [line] });
  const engine = createDeepgramSpeechToText(deepgramListenSchema.parse({ url: fake.url }), deps);
  const stream = await engine.open({ input: mulaw }, signal());
  const events = kept(stream.events);
  fake.malformNext();
  await eventually(() => events[0]).toMatchObject({ type: 'warning', error: { code: 'ERR_FLAVOR_PROTOCOL' } });
  await say(stream, line);
  await eventually(() => lines(events).at(-1)).toBe(`end-of-turn: ${line}`);
});

test('an answer is spoken in mu-law, piece by piece, and its characters are counted', async () => {
  const fake = await start();
  const engine = createDeepgramTextToSpeech(
    deepgramSpeakSchema.parse({ url: fake.url, speed: 1.2, mipOptOut: true }),
    deps,
  );
  const session = await engine.open({ output: mulaw }, signal());
  const utterance = session.begin();
  const events = kept(utterance.events);
  utterance.append('Hello there,');
  utterance.append('how are you?');
  utterance.finish();
  await eventually(() => events.at(-1)).toEqual({ type: 'end', spokenPieces: 2 });
  expect(events.flatMap((event) => (event.type === 'piece' ? [event.index] : []))).toEqual([0, 1]);
  const bytes = events.reduce((sum, event) => sum + (event.type === 'audio' ? event.data.length : 0), 0);
  expect(bytes).toBe(fake.timeline.speeches.reduce((sum, { audioMs }) => sum + audioMs * 8, 0));
  expect(events.find(({ type }) => type === 'usage')).toMatchObject({ unit: 'characters', quantity: 26 });
  expect(fake.timeline.connections[0]?.query).toBe(
    'model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000&speed=1.2&mip_opt_out=true',
  );
  session.close();
  await eventually(() => fake.connections()).toBe(0);
  expect(fake.timeline.connections[0]?.messages.at(-1)).toEqual({ type: 'Close' });
});

test('one connection serves all answers of a call, cancelled ones in between', async () => {
  const fake = await start({ audioRate: 2 });
  const engine = createDeepgramTextToSpeech(deepgramSpeakSchema.parse({ url: fake.url }), deps);
  const session = await engine.open({ output: mulaw }, signal());
  for (let i = 0; i < 3; i += 1) {
    const broken = session.begin();
    const before = kept(broken.events);
    broken.append('This is a long story that nobody wants to hear.');
    await eventually(() => before.some(({ type }) => type === 'audio')).toBe(true);
    broken.cancel();
    const utterance = session.begin();
    const events = kept<TextToSpeechEvent>(utterance.events);
    utterance.append('Sorry.');
    utterance.finish();
    await eventually(() => events.at(-1)).toEqual({ type: 'end', spokenPieces: 1 });
    const bytes = events.reduce((sum, event) => sum + (event.type === 'audio' ? event.data.length : 0), 0);
    expect(bytes / 8).toBe(fake.timeline.speeches.at(-1)?.audioMs);
  }
  expect(fake.timeline.connections).toHaveLength(1);
});

test('the end of a call ends what is being said', async () => {
  const fake = await start({ audioRate: 1 });
  const controller = new AbortController();
  const engine = createDeepgramTextToSpeech(deepgramSpeakSchema.parse({ url: fake.url }), deps);
  const session = await engine.open({ output: mulaw }, controller.signal);
  const events = kept(session.begin().events);
  controller.abort();
  await eventually(() => events.at(-1)).toEqual({ type: 'end', spokenPieces: 0 });
  await eventually(() => fake.connections()).toBe(0);
  expect(kept(session.begin().events)).toEqual([]);
});

test('a voice that cannot be had no longer listens for the end of the call', async () => {
  const fake = await start();
  fake.fail('upgrade-401');
  const call = signal();
  const voice = createDeepgramTextToSpeech(deepgramSpeakSchema.parse({ url: fake.url }), deps);
  await expect(voice.open({ output: mulaw }, call)).rejects.toMatchObject({ code: 'ERR_FLAVOR_AUTH' });
  expect(getEventListeners(call, 'abort')).toHaveLength(0);
});
