import { afterEach, expect, test } from 'vitest';
import { OpenAiSpeechBackend, openAiSpeechSchema } from '../../../../src/cascade/engines/openai-speech/index.js';
import { FakeDevnen } from '../../../fakes/chatterbox/devnen.js';
import { toneVoice } from '../../../fakes/openai-realtime/tone-voice.js';
import { FakeOpenAiSpeech, type FakeOpenAiSpeechOptions } from '../../../fakes/openai-speech/fake.js';
import { hear, heldVoice, never, soundOf, speechOf } from '../speech-server/hear.js';
import { expectPromisesKept } from '../speech-server/keeps-promises.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

const text = 'Your order left us this morning.';
const answers = ['pcm', 'wav', 'events'] as const;

async function start(config: object = {}, given: Partial<FakeOpenAiSpeechOptions> = {}) {
  const fake = await FakeOpenAiSpeech.start({ ...given, voice: { synthesise: toneVoice, ...given.voice } });
  open.push(fake);
  const options = openAiSpeechSchema.parse({ baseUrl: fake.baseUrl, answerTimeoutMs: 5_000, ...config });
  const backend = new OpenAiSpeechBackend(options);
  open.push(backend);
  return { fake, backend };
}

test.each(answers)('%s: heard sample for sample, also in pieces that end anywhere', async (answer) => {
  const { fake, backend } = await start({ answer });
  const expected = await speechOf(fake.voice, text);
  expect(soundOf((await hear(backend.synthesize(text, never))).samples)).toBe(expected);
  fake.fail('odd-chunks');
  expect(soundOf((await hear(backend.synthesize(text, never))).samples)).toBe(expected);
});

test('it is asked as OpenAI has it', async () => {
  const { fake, backend } = await start(
    { answer: 'events', apiKey: 'k', voice: 'coral', instructions: 'Warmly.', speed: 1.1 },
    { apiKey: 'k' },
  );
  await hear(backend.synthesize('Oh [laugh] yes.', never));
  expect(fake.spoken[0]).toMatchObject({
    headers: { authorization: 'Bearer k' },
    body: {
      model: 'gpt-4o-mini-tts',
      input: 'Oh yes.',
      voice: 'coral',
      instructions: 'Warmly.',
      speed: 1.1,
      response_format: 'pcm',
      stream_format: 'sse',
    },
  });
});

test('what is used are characters, or the tokens that the events end with', async () => {
  const plain = await start({ vendor: 'kokoro', model: 'tts' });
  const heard = await hear(plain.backend.synthesize(text, never));
  expect(heard.usage).toEqual([
    { type: 'usage', provider: 'kokoro', model: 'tts', unit: 'characters', quantity: text.length },
  ]);
  const { backend } = await start({ answer: 'events' });
  const used = (await hear(backend.synthesize(text, never))).usage;
  expect(used.map(({ unit, quantity }) => [unit, quantity])).toEqual([
    ['input-tokens', 14],
    ['audio-output-tokens', 101],
  ]);
});

test('events that are given up before they tell their tokens have cost the characters', async () => {
  const { fake, backend } = await start({ answer: 'events' }, { voice: { overheadMs: 60_000 } });
  const controller = new AbortController();
  const outcome = hear(backend.synthesize(text, controller.signal));
  await expect.poll(() => fake.spoken.length).toBe(1);
  controller.abort(new Error('the caller spoke'));
  const { error, usage } = await outcome;
  expect(error).toMatchObject({ message: 'the caller spoke' });
  expect(usage).toMatchObject([{ unit: 'characters', quantity: text.length }]);
});

test('events that break off have cost the characters as well', async () => {
  const { fake, backend } = await start({ answer: 'events' });
  fake.fail('truncated');
  const { error, usage } = await hear(backend.synthesize(text, never));
  expect(error).toBeDefined();
  expect(usage).toMatchObject([{ unit: 'characters', quantity: text.length }]);
});

test('whose speech it is', () => {
  const identityOf = (config: object) => new OpenAiSpeechBackend(openAiSpeechSchema.parse(config)).identity.provider;
  expect(identityOf({})).toBe('openai');
  expect(identityOf({ baseUrl: 'http://127.0.0.1:8880/v1' })).toBe('openai-compatible');
  expect(identityOf({ vendor: 'kokoro' })).toBe('kokoro');
});

test('a server that sends WAV whatever it is asked for is understood; one that sends MP3 is refused, not played', async () => {
  const wav = await start({}, { variant: 'always-wav' });
  const heard = await hear(wav.backend.synthesize(text, never));
  expect(soundOf(heard.samples)).toBe(await speechOf(wav.fake.voice, text));
  const mp3 = await start({}, { variant: 'always-mp3' });
  expect(await hear(mp3.backend.synthesize(text, never))).toMatchObject({
    samples: new Int16Array(0),
    error: { code: 'ERR_FLAVOR_PROTOCOL' },
  });
});

test("devnen's server with this API takes the name of a file and no bare samples, and says so", async () => {
  const fake = await FakeDevnen.start({ voice: { synthesise: toneVoice } });
  open.push(fake);
  const speak = async (config: object) => {
    const options = openAiSpeechSchema.parse({ baseUrl: `${fake.url}/v1`, model: 'chatterbox', ...config });
    const backend = new OpenAiSpeechBackend(options);
    open.push(backend);
    return hear(backend.synthesize(text, never));
  };
  const heard = await speak({ answer: 'wav', voice: 'Emily.wav' });
  expect(soundOf(heard.samples)).toBe(await speechOf(fake.voice, text));
  expect((await speak({ answer: 'pcm', voice: 'Emily.wav' })).error).toMatchObject({ code: 'ERR_FLAVOR_CONFIG' });
  expect((await speak({ answer: 'wav', voice: 'alloy' })).error).toMatchObject({ code: 'ERR_FLAVOR_CONFIG' });
});

test('a text is heard while its rest is made', async () => {
  const held = heldVoice(toneVoice);
  const { backend } = await start({}, { voice: { synthesise: held.synthesise } });
  expect(await held.piecesHeard(backend)).toBeGreaterThan(1);
});

test.each(['cut', 'empty', 'truncated'] as const)('%s: events that do not end are not the whole', async (fault) => {
  const { fake, backend } = await start({ answer: 'events' });
  fake.fail(fault);
  const { error } = await hear(backend.synthesize(text, never));
  expect(error).toMatchObject({ code: 'ERR_FLAVOR_NETWORK', retryable: true });
});

test('the key is looked at by a question that costs nothing, also where there is no list of models', async () => {
  const good = await start({ apiKey: 'k' }, { apiKey: 'k' });
  expect(await good.backend.probe(never)).toEqual({ state: 'ready' });
  const bad = await start({ apiKey: 'x' }, { apiKey: 'k' });
  await expect(bad.backend.probe(never)).rejects.toMatchObject({ code: 'ERR_FLAVOR_AUTH' });
  const without = await start({}, { variant: 'no-models' });
  expect(await without.backend.probe(never)).toEqual({ state: 'ready' });
  expect(without.fake.spoken).toEqual([]);
});

test.each(answers)('%s keeps the promises of a voice', async (answer) => {
  const fake = await FakeOpenAiSpeech.start({ voice: { synthesise: toneVoice } });
  open.push(fake);
  await expectPromisesKept(
    fake,
    () => new OpenAiSpeechBackend(openAiSpeechSchema.parse({ baseUrl: fake.baseUrl, answer, answerTimeoutMs: 8_000 })),
  );
});
