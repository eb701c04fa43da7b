import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { wavHeader } from '../../../../src/audio/wav-header.js';
import { createSystemClock } from '../../../../src/base/clock.js';
import { SpeechHttp } from '../../../../src/cascade/engines/speech-server/http.js';
import { whisperListenSchema } from '../../../../src/cascade/engines/whisper/config.js';
import { createWhisperSpeechToText } from '../../../../src/cascade/engines/whisper/index.js';
import { OpenAiServer } from '../../../../src/cascade/engines/whisper/openai-server.js';
import type { WhisperServer } from '../../../../src/cascade/engines/whisper/server.js';
import { WhisperCppServer } from '../../../../src/cascade/engines/whisper/whisper-cpp-server.js';
import { speechLike } from '../../../../src/flavor-testkit/sound.js';
import {
  type FakeWhisper,
  type FakeWhisperOptions,
  startFakeWhisper,
  type WhisperFault,
} from '../../../fakes/whisper/index.js';

const open: AsyncDisposable[] = [];
const { signal } = new AbortController();
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

async function scene(
  options: Partial<FakeWhisperOptions>,
  section: object = {},
  addressOf: (url: string) => string = (url) => url,
): Promise<{ readonly fake: FakeWhisper; readonly server: WhisperServer }> {
  const fake = await startFakeWhisper({ lines: ['Good morning. Who is there?'], ...options });
  const config = whisperListenSchema.parse({ url: addressOf(fake.url), answerTimeoutMs: 1_000, ...section });
  const http = new SpeechHttp({ who: 'the Whisper server', connectTimeoutMs: 1_000, clock: createSystemClock() });
  const cpp = options.variant === 'whisper.cpp';
  const server = cpp ? new WhisperCppServer(config, http) : new OpenAiServer(config, http);
  open.push(server, fake);
  return { fake, server };
}

function recording(): Uint8Array {
  const speech = speechLike({ encoding: 'pcm16', sampleRate: 16_000 }, 1_500);
  const quiet = new Uint8Array(16_000);
  const dataBytes = speech.length + quiet.length;
  return Buffer.concat([wavHeader({ sampleRate: 16_000, channels: 1, dataBytes }), speech, quiet]);
}

test('a recording and what is known beside it arrive as a form', async () => {
  const { fake, server } = await scene(
    { apiKey: 'secret' },
    { apiKey: 'secret', language: 'en', model: 'Systran/faster-distil-whisper-small.en' },
  );
  const heard = await server.transcribe({ wav: recording(), prompt: 'Größe "M"\r\n--x' }, () => {}, signal);
  expect(heard.text).toBe('Good morning. Who is there?');
  expect(heard.segments?.[0]).toMatchObject({ noSpeech: 0.02, avgLogProb: -0.2 });
  expect(fake.recordings[0]).toMatchObject({
    path: '/v1/audio/transcriptions',
    audioMs: 2_000,
    fields: {
      model: 'Systran/faster-distil-whisper-small.en',
      language: 'en',
      prompt: 'Größe "M"\r\n--x',
      response_format: 'verbose_json',
    },
  });
});

test.each(['speaches', 'openai', 'vllm'] as const)('text is streamed by %s, and whole in the end', async (variant) => {
  const model = variant === 'openai' ? 'gpt-4o-transcribe' : 'whisper-1';
  const { server } = await scene({ variant, models: [model] }, { stream: true, model });
  const texts: string[] = [];
  const { text } = await server.transcribe({ wav: recording(), prompt: '' }, (so) => texts.push(so), signal);
  expect(text).toBe('Good morning. Who is there?');
  expect(texts.length).toBeGreaterThan(1);
  for (const [index, so] of texts.entries()) expect(texts[index + 1] ?? text).toContain(so);
  expect(texts.at(-1)).toBe(text);
});

test('whisper-1 of OpenAI is not streamed, whatever is asked: its text comes whole', async () => {
  const { fake, server } = await scene(
    { variant: 'openai', models: ['whisper-1'] },
    { stream: true, model: 'whisper-1' },
  );
  const texts: string[] = [];
  const { text } = await server.transcribe({ wav: recording(), prompt: '' }, (so) => texts.push(so), signal);
  expect(fake.recordings[0]?.fields['stream']).toBe('true');
  expect({ text, texts }).toEqual({ text: 'Good morning. Who is there?', texts: [] });
});

test('a server that does not know verbose_json is asked for json, and from then on at once', async () => {
  const { fake, server } = await scene({});
  fake.fail('no-verbose');
  for (let i = 0; i < 2; i += 1) await server.transcribe({ wav: recording(), prompt: '' }, () => {}, signal);
  expect(fake.recordings.map(({ fields }) => fields['response_format'])).toEqual(['verbose_json', 'json', 'json']);
});

test("OpenAI's newer models are never asked for verbose_json", async () => {
  const { fake, server } = await scene(
    { variant: 'openai', models: ['gpt-4o-transcribe'] },
    { model: 'gpt-4o-transcribe' },
  );
  await server.transcribe({ wav: recording(), prompt: '' }, () => {}, signal);
  expect(fake.recordings[0]?.fields['response_format']).toBe('json');
});

test('whisper.cpp is asked in its own way, and its 404 while it loads is worth another attempt', async () => {
  const { fake, server } = await scene({ variant: 'whisper.cpp' });
  fake.fail('loading');
  const loading = { code: 'ERR_FLAVOR_NETWORK', retryable: true };
  await expect(server.probe(signal)).rejects.toMatchObject(loading);
  await expect(server.transcribe({ wav: recording(), prompt: '' }, () => {}, signal)).rejects.toMatchObject(loading);
  fake.recover();
  await server.probe(signal);
  const { text } = await server.transcribe({ wav: recording(), prompt: '' }, () => {}, signal);
  expect(text.trim()).toBe('Good morning. Who is there?');
  expect(fake.recordings[0]).toMatchObject({
    path: '/inference',
    fields: { language: 'auto', response_format: 'verbose_json', no_language_probabilities: 'true' },
  });
});

test.each([{ prompt: 'x' }, { keyterms: ['x'] }, { stream: true }, { concurrency: 2 }])(
  'what the WebSocket of speaches cannot be told is refused: %j',
  (section) => {
    const config = whisperListenSchema.parse({ server: 'speaches-realtime', url: 'http://127.0.0.1:1/v1', ...section });
    expect(() => createWhisperSpeechToText(config)).toThrow(expect.objectContaining({ code: 'ERR_FLAVOR_CONFIG' }));
  },
);

test('speaches refuses a wrong key as it closes: 1008 is no lost connection', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  open.push({ [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())) });
  server.on('connection', (socket) => socket.close(1008, 'Invalid API key'));
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const engine = createWhisperSpeechToText(whisperListenSchema.parse({ server: 'speaches-realtime', url }));
  await expect(engine.check(signal)).rejects.toMatchObject({ code: 'ERR_FLAVOR_AUTH', retryable: false });
});

test('a session that is over in the breath in which it begins is none', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  open.push({ [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())) });
  server.on('connection', (socket, { socket: below }) => {
    below.cork();
    for (const message of [{ type: 'session.created' }, { type: 'error', error: { type: 'no_such_model' } }]) {
      socket.send(JSON.stringify(message));
    }
    below.uncork();
  });
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const engine = createWhisperSpeechToText(whisperListenSchema.parse({ server: 'speaches-realtime', url }));
  const refusal = { code: 'ERR_FLAVOR_NETWORK', message: expect.stringContaining('no_such_model') };
  await expect(engine.check(signal)).rejects.toMatchObject(refusal);
  const input = { encoding: 'mulaw', sampleRate: 8000 } as const;
  await expect(engine.open({ input }, signal)).rejects.toMatchObject(refusal);
  await expect.poll(() => server.clients.size).toBe(0);
});

test('a model that the server has not got is found out by check()', async () => {
  const { server } = await scene({}, { model: 'large-v9' });
  await expect(server.probe(signal)).rejects.toMatchObject({ code: 'ERR_FLAVOR_CONFIG', retryable: false });
});

test('a wrong address is found out by check(), also where nobody lists models; a right one is asked once', async () => {
  const without = await scene({}, {}, (url) => url.replace('/v1', ''));
  await expect(without.server.probe(signal)).rejects.toMatchObject({
    code: 'ERR_FLAVOR_CONFIG',
    message: expect.stringContaining('as in /v1'),
  });
  const right = await scene({});
  right.fake.fail('no-list');
  for (let time = 0; time < 3; time += 1) await right.server.probe(signal);
  expect(right.fake.recordings).toHaveLength(1);
  expect(right.fake.recordings[0]).toMatchObject({ audioMs: 500, voicedMs: 0 });
});

test.each<[WhisperFault, string, boolean]>([
  ['401', 'ERR_FLAVOR_AUTH', false],
  ['403', 'ERR_FLAVOR_AUTH', false],
  ['404', 'ERR_FLAVOR_CONFIG', false],
  ['429', 'ERR_FLAVOR_QUOTA', true],
  ['500', 'ERR_FLAVOR_NETWORK', true],
  ['503', 'ERR_FLAVOR_NETWORK', true],
  ['refused', 'ERR_FLAVOR_NETWORK', true],
  ['hang', 'ERR_FLAVOR_TIMEOUT', true],
  ['cut', 'ERR_FLAVOR_NETWORK', true],
  ['empty', 'ERR_FLAVOR_PROTOCOL', false],
  ['html', 'ERR_FLAVOR_PROTOCOL', false],
  ['malformed', 'ERR_FLAVOR_PROTOCOL', false],
  ['flood', 'ERR_FLAVOR_PROTOCOL', false],
])('fault %s is %s', async (fault, code, retryable) => {
  // On a busy machine a server that does answer may take longer than one that hangs is waited for.
  const { fake, server } = await scene({}, { answerTimeoutMs: fault === 'hang' ? 1_000 : 30_000 });
  fake.fail(fault);
  const asked = server.transcribe({ wav: recording(), prompt: '' }, () => {}, signal);
  await expect(asked).rejects.toMatchObject({ code, retryable });
});

test.each<WhisperFault>(['cut', 'error-event'])(
  'a stream of events that ends by %s is no transcript',
  async (fault) => {
    const { fake, server } = await scene({}, { stream: true });
    fake.fail(fault);
    const asked = server.transcribe({ wav: recording(), prompt: '' }, () => {}, signal);
    await expect(asked).rejects.toMatchObject({ code: 'ERR_FLAVOR_NETWORK', retryable: true });
  },
);

test('who gives a request up lets go of the server', async () => {
  const { fake, server } = await scene({ baseMs: 60_000 });
  const controller = new AbortController();
  const asked = server.transcribe({ wav: recording(), prompt: '' }, () => {}, controller.signal);
  await expect.poll(() => fake.recordings.length).toBe(1);
  controller.abort();
  await expect(asked).rejects.toBe(controller.signal.reason);
  await expect.poll(() => fake.recordings[0]?.abortedAtMs).toBeDefined();
});

test('a server that was away is found out when a call opens; one that is well is not asked again', async () => {
  const fake = await startFakeWhisper({});
  open.push(fake);
  const engine = createWhisperSpeechToText(whisperListenSchema.parse({ url: fake.url }));
  open.push(engine);
  fake.fail('refused');
  const input = { encoding: 'mulaw', sampleRate: 8000 } as const;
  await expect(engine.open({ input }, signal)).rejects.toMatchObject({ code: 'ERR_FLAVOR_NETWORK', retryable: true });
  fake.recover();
  for (let call = 0; call < 3; call += 1) (await engine.open({ input }, signal)).close();
  expect(fake.seen).toEqual(['GET /v1/models', 'GET /v1/models']);
});
