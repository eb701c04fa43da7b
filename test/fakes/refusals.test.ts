import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '../support/fake-clock.js';
import { FakeDevnen } from './chatterbox/index.js';
import { toneVoice } from './openai-realtime/index.js';
import { startFakeReplicate } from './replicate/index.js';
import { startFakeTogether } from './together/index.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

function opened<Fake extends AsyncDisposable>(fake: Fake): Fake {
  open.push(fake);
  return fake;
}

interface Asked {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function post(url: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Asked> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : {} };
}

const voice = { synthesise: toneVoice };
const speech = { text: 'Good day.', predefined_voice_id: 'Emily.wav' };

test('devnen: JSON that is not declared as such is no body', async () => {
  const fake = opened(await FakeDevnen.start({ voice }));
  expect((await post(`${fake.url}/tts`, speech, { 'content-type': 'text/plain' })).status).toBe(422);
  expect((await post(`${fake.url}/tts`, speech)).status).toBe(200);
});

test.each([
  ['a seed with a fraction', { seed: 1.5 }],
  ['a stream that is no truth value', { stream: 'please' }],
  ['an unknown format', { output_format: 'pcm' }],
  ['chunks too small', { chunk_size: 49 }],
])('devnen: %s is a 422', async (_, field) => {
  const fake = opened(await FakeDevnen.start({ voice }));
  expect((await post(`${fake.url}/tts`, { ...speech, ...field })).status).toBe(422);
});

test('devnen: without a model /tts says so before it looks for the voice, /v1/audio/speech after', async () => {
  const fake = opened(await FakeDevnen.start({ voice }));
  fake.fail('not-loaded');
  expect((await post(`${fake.url}/tts`, { ...speech, predefined_voice_id: 'Nobody.wav' })).status).toBe(503);
  const openAi = { model: 'chatterbox', input: 'Good day.', voice: 'Nobody.wav' };
  expect((await post(`${fake.url}/v1/audio/speech`, openAi)).status).toBe(404);
  expect((await post(`${fake.url}/v1/audio/speech`, { ...openAi, voice: 'Emily.wav' })).status).toBe(503);
});

test('devnen: a whole answer that is being made holds back the chunks of a stream', async () => {
  const clock = new FakeClock();
  const fake = opened(await FakeDevnen.start({ clock, voice: { ...voice, overheadMs: 60 } }));
  const stream = post(`${fake.url}/tts`, { ...speech, stream: true });
  await expect.poll(() => clock.pendingTimers).toBe(1);
  clock.advance(20);
  const whole = post(`${fake.url}/tts`, speech);
  await expect.poll(() => clock.pendingTimers).toBe(2);
  clock.advance(40);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(20);
  await Promise.all([stream, whole]);
  expect(fake.spoken[0]?.soundAtMs).toBe(80);
});

const order = { input: { text: 'Good day.' } };
const model = 'models/resemble-ai/chatterbox-turbo/predictions';

test.each(['Basic key', 'key'])('Replicate: a token shown as "%s" is none', async (authorization) => {
  const fake = opened(await startFakeReplicate({ ...voice, apiKey: 'key' }));
  expect((await post(`${fake.url}/${model}`, order, { authorization })).status).toBe(401);
  expect((await post(`${fake.url}/${model}`, order, { authorization: 'Bearer key' })).status).toBe(201);
});

test('Replicate: what is wrong with an input is said field by field', async () => {
  const fake = opened(await startFakeReplicate(voice));
  const input = { top_k: 1.5, reference_audio: 'me.wav' };
  expect(await post(`${fake.url}/${model}`, { input }, { authorization: 'Bearer key' })).toMatchObject({
    status: 422,
    body: {
      title: 'Input validation failed',
      status: 422,
      detail:
        "- input: text is required\n- input.top_k: Expected: integer\n- input.reference_audio: Does not match format 'uri'\n",
      invalid_fields: [{ type: 'required', field: 'input', description: 'text is required' }, {}, {}],
    },
  });
});

test('Replicate: an order that was waited for in vain is a 202, with the times that there are', async () => {
  const clock = new FakeClock();
  const fake = opened(await startFakeReplicate({ ...voice, clock }));
  fake.fail('stuck-starting');
  const asked = post(`${fake.url}/${model}`, order, { authorization: 'Bearer key', prefer: 'wait=1' });
  await expect.poll(() => clock.pendingTimers).toBe(2);
  clock.advance(1_000);
  expect(await asked).toMatchObject({
    status: 202,
    body: { status: 'starting', started_at: null, completed_at: null },
  });
});

test.each(['Token key', 'key'])('Together.ai: a key shown as "%s" is none', async (authorization) => {
  const fake = opened(await startFakeTogether({ ...voice, apiKey: 'key' }));
  const body = { model: 'hexgrad/Kokoro-82M', input: 'Good day.', voice: 'af_heart' };
  expect((await post(`${fake.url}/audio/speech`, body, { authorization })).status).toBe(401);
  expect((await post(`${fake.url}/audio/speech`, body, { authorization: 'Bearer key' })).status).toBe(200);
});
