import { afterEach, expect, test } from 'vitest';
import { ModalBackend } from '../../../../src/cascade/engines/chatterbox/modal.js';
import { modalSchema } from '../../../../src/cascade/engines/chatterbox/modal-config.js';
import { FakeModal, type FakeModalOptions } from '../../../fakes/chatterbox/modal.js';
import { toneVoice } from '../../../fakes/openai-realtime/tone-voice.js';
import { hear, never, soundOf, speechOf } from '../speech-server/hear.js';
import { expectPromisesKept } from '../speech-server/keeps-promises.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

const text = 'Your order left us this morning.';
const proxyAuth = { key: 'wk-1', secret: 'ws-2' };

async function start(config: object = {}, given: Partial<FakeModalOptions> = {}) {
  const fake = await FakeModal.start({ ...given, voice: { synthesise: toneVoice, ...given.voice } });
  open.push(fake);
  const backend = new ModalBackend(modalSchema.parse({ url: fake.url, answerTimeoutMs: 5_000, ...config }));
  open.push(backend);
  return { fake, backend };
}

test.each([
  ['the example, 16-bit', {}, { encoding: 's16' }],
  ['the example, float', {}, { encoding: 'f32' }],
  ['events of an own app', { api: 'json' }, { app: 'events' }],
  ['bare samples of an own app', { api: 'json' }, { app: 'samples' }],
] as const)('%s: heard sample for sample, also in pieces that end anywhere', async (_what, config, given) => {
  const { fake, backend } = await start(config, given);
  const expected = await speechOf(fake.voice, text);
  expect(soundOf((await hear(backend.synthesize(text, never))).samples)).toBe(expected);
  fake.fail('odd-chunks');
  expect(soundOf((await hear(backend.synthesize(text, never))).samples)).toBe(expected);
});

test('the text stands in the query of a POST without a body', async () => {
  const { fake, backend } = await start({ ...proxyAuth }, { proxyAuth });
  await hear(backend.synthesize('Ja & nein? [laugh] 100 %', never));
  const { method, path, body, headers } = fake.spoken[0] ?? {};
  expect({ method, body }).toEqual({ method: 'POST', body: undefined });
  expect(new URL(path ?? '', 'http://fake').searchParams.get('prompt')).toBe('Ja & nein? [laugh] 100 %');
  expect(headers).toMatchObject({ 'modal-key': 'wk-1', 'modal-secret': 'ws-2', 'content-length': '0' });
});

test('an own app is given JSON', async () => {
  const { fake, backend } = await start({ api: 'json', voice: 'Lucy.wav', tags: false }, { app: 'events' });
  await hear(backend.synthesize('Oh [laugh] yes.', never));
  expect(fake.spoken[0]?.body).toEqual({ text: 'Oh yes.', voice: 'Lucy.wav' });
});

test('what takes longer than the limit of a request is waited for where the 303 leads, by GET', async () => {
  const { fake, backend } = await start({}, { timeLimitMs: 60, voice: { overheadMs: 200 } });
  expect(soundOf((await hear(backend.synthesize(text, never))).samples)).toBe(await speechOf(fake.voice, text));
  const methods = fake.requests.map(({ method }) => method);
  expect(methods.length).toBeGreaterThan(2);
  expect(methods).toEqual(['POST', ...methods.slice(1).fill('GET')]);
  expect(fake.starts).toBe(1);
});

test('a machine that has to start is progress, and the next request finds it warm', async () => {
  const { fake, backend } = await start({}, { coldStartMs: 80 });
  expect(await backend.probe(never)).toEqual({ state: 'cold' });
  expect((await hear(backend.synthesize(text, never))).progress).toEqual(['starting']);
  expect(await backend.probe(never)).toEqual({ state: 'ready' });
  expect((await hear(backend.synthesize(text, never))).progress).toEqual([]);
  expect(fake.starts).toBe(1);
});

test('to ask how it is starts no machine; to wake it does, and tells how long that takes', async () => {
  const { fake, backend } = await start({ warmMinutes: 0.0005 }, { coldStartMs: 80 });
  expect(await backend.probe(never)).toEqual({ state: 'cold' });
  expect(fake).toMatchObject({ starts: 0, requests: [] });
  await backend.wake(never);
  expect(fake).toMatchObject({ starts: 1, spoken: [] });
  await expect.poll(() => backend.probe(never)).toMatchObject({ state: 'cold', startMs: expect.any(Number) });
});

test('wrong credentials are refused before a machine starts', async () => {
  const { fake, backend } = await start({ key: 'wk-1', secret: 'wrong' }, { proxyAuth });
  await expect(backend.check(never)).rejects.toMatchObject({ code: 'ERR_FLAVOR_AUTH', retryable: false });
  expect((await hear(backend.synthesize(text, never))).error).toMatchObject({ code: 'ERR_FLAVOR_AUTH' });
  expect(fake.starts).toBe(0);
});

test('an app that wants something else says so by 422', async () => {
  const { backend } = await start({ api: 'json' });
  expect((await hear(backend.synthesize(text, never))).error).toMatchObject({ code: 'ERR_FLAVOR_CONFIG' });
});

test.each([
  ['cut', 'ERR_FLAVOR_NETWORK'],
  ['empty', 'ERR_FLAVOR_NETWORK'],
  ['header-only', 'ERR_FLAVOR_NETWORK'],
  ['truncated', 'ERR_FLAVOR_NETWORK'],
  ['html', 'ERR_FLAVOR_PROTOCOL'],
] as const)('%s is reported as %s', async (fault, code) => {
  const { fake, backend } = await start();
  fake.fail(fault);
  expect((await hear(backend.synthesize(text, never))).error).toMatchObject({ code });
});

test('Modal keeps the promises of a voice', async () => {
  const fake = await FakeModal.start({ voice: { synthesise: toneVoice, overheadMs: 10 } });
  open.push(fake);
  await expectPromisesKept(fake, () => new ModalBackend(modalSchema.parse({ url: fake.url, answerTimeoutMs: 8_000 })));
});
