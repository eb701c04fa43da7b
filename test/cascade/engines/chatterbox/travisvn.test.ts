import { afterEach, expect, test } from 'vitest';
import { TravisvnBackend } from '../../../../src/cascade/engines/chatterbox/travisvn.js';
import { travisvnSchema } from '../../../../src/cascade/engines/chatterbox/travisvn-config.js';
import { FakeTravisvn, type FakeTravisvnOptions } from '../../../fakes/chatterbox/travisvn.js';
import { toneVoice } from '../../../fakes/openai-realtime/tone-voice.js';
import { hear, heldVoice, never, soundOf, speechOf } from '../speech-server/hear.js';
import { expectPromisesKept } from '../speech-server/keeps-promises.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

const text = 'Your order left us this morning.';
const answers = ['events', 'stream', 'whole'] as const;

async function start(config: object = {}, given: Partial<FakeTravisvnOptions> = {}) {
  const fake = await FakeTravisvn.start({ ...given, voice: { synthesise: toneVoice, ...given.voice } });
  open.push(fake);
  const backend = new TravisvnBackend(travisvnSchema.parse({ url: fake.url, answerTimeoutMs: 5_000, ...config }));
  open.push(backend);
  return { fake, backend };
}

test.each(answers)('%s: heard sample for sample, also in pieces that end anywhere', async (answer) => {
  const { fake, backend } = await start({ answer });
  const expected = await speechOf(fake.voice, text);
  const heard = await hear(backend.synthesize(text, never));
  expect(soundOf(heard.samples)).toBe(expected);
  expect(heard).toMatchObject({ rates: [24_000], usage: [{ provider: 'own', unit: 'machine-ms' }], error: undefined });
  fake.fail('odd-chunks');
  expect(soundOf((await hear(backend.synthesize(text, never))).samples)).toBe(expected);
});

test('streaming is a path of its own, and events are asked for in the body; there is no member `stream`', async () => {
  const asked: Record<string, unknown>[] = [];
  for (const answer of answers) {
    const { fake, backend } = await start({ answer, voice: 'me', quality: 'fast' });
    await hear(backend.synthesize('Oh [laugh] yes.', never));
    const { path, body } = fake.spoken[0] ?? {};
    asked.push({ path, ...(body as object) });
  }
  const rest = {
    input: 'Oh yes.',
    voice: 'me',
    exaggeration: 0.5,
    cfg_weight: 0.5,
    temperature: 0.8,
    streaming_chunk_size: 200,
    streaming_strategy: 'sentence',
    streaming_quality: 'fast',
  };
  expect(asked).toEqual([
    { path: '/v1/audio/speech', stream_format: 'sse', ...rest },
    { path: '/v1/audio/speech/stream', ...rest },
    { path: '/v1/audio/speech', ...rest },
  ]);
});

test.each(['events', 'stream'] as const)('%s: a text is heard while its rest is made', async (answer) => {
  const held = heldVoice(toneVoice);
  const { backend } = await start({ answer, chunkCharacters: 50 }, { voice: { synthesise: held.synthesise } });
  expect(await held.piecesHeard(backend)).toBeGreaterThan(1);
});

test.each(answers)('%s: a model that is not there is said so, though a stream begins with 200', async (answer) => {
  const { fake, backend } = await start({ answer });
  fake.model = 'initializing';
  expect((await hear(backend.synthesize(text, never))).error).toMatchObject({
    code: 'ERR_FLAVOR_NETWORK',
    retryable: true,
  });
});

test.each(answers)('%s: an answer that breaks off, or has no sound, is no answer', async (answer) => {
  const { fake, backend } = await start({ answer });
  for (const fault of ['cut', 'header-only', 'empty'] as const) {
    fake.fail(fault, { times: 1 });
    const { error } = await hear(backend.synthesize(text, never));
    expect(error, fault).toMatchObject({ code: 'ERR_FLAVOR_NETWORK', retryable: true });
  }
});

test('events that end without their end are not taken for the whole', async () => {
  const { fake, backend } = await start();
  fake.fail('truncated', { after: 0.7 });
  const { samples, error } = await hear(backend.synthesize(text, never));
  expect(samples.length).toBeGreaterThan(0);
  expect(error).toMatchObject({ code: 'ERR_FLAVOR_NETWORK', retryable: true });
});

test('a header is no sign of life: a stream that goes no further is given up', async () => {
  const { backend } = await start({ answer: 'stream', answerTimeoutMs: 500 }, { voice: { overheadMs: 60_000 } });
  expect((await hear(backend.synthesize(text, never))).error).toMatchObject({ code: 'ERR_FLAVOR_TIMEOUT' });
});

test('an abort ends the request at the server', async () => {
  const { fake, backend } = await start({}, { voice: { overheadMs: 60_000 } });
  const controller = new AbortController();
  const outcome = hear(backend.synthesize(text, controller.signal));
  await expect.poll(() => fake.spoken.length).toBe(1);
  controller.abort(new Error('the caller spoke'));
  const { error, usage } = await outcome;
  expect(error).toMatchObject({ message: 'the caller spoke' });
  expect(usage, 'the machine has worked all the same').toMatchObject([{ unit: 'machine-ms' }]);
  await expect.poll(() => fake.spoken[0]?.abortedAtMs).toBeDefined();
});

test('a request that breaks off has cost its time; one that nobody took has not', async () => {
  const { fake, backend } = await start();
  fake.fail('cut', { times: 1 });
  expect((await hear(backend.synthesize(text, never))).usage).toMatchObject([{ unit: 'machine-ms' }]);
  fake.fail('refused', { times: 1 });
  expect((await hear(backend.synthesize(text, never))).usage).toEqual([]);
});

test('it says how it is, also while it loads its model', async () => {
  const { fake, backend } = await start();
  expect(await backend.probe(never)).toEqual({ state: 'ready' });
  fake.model = 'initializing';
  expect(await backend.probe(never)).toEqual({ state: 'starting' });
  fake.model = 'error';
  await expect(backend.probe(never)).rejects.toMatchObject({ code: 'ERR_FLAVOR_NETWORK' });
});

test('travisvn keeps the promises of a voice', async () => {
  const fake = await FakeTravisvn.start({ voice: { synthesise: toneVoice, overheadMs: 10 } });
  open.push(fake);
  await expectPromisesKept(
    fake,
    () => new TravisvnBackend(travisvnSchema.parse({ url: fake.url, answerTimeoutMs: 8_000 })),
  );
});
