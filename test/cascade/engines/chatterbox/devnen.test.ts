import { afterEach, describe, expect, test } from 'vitest';
import { DevnenBackend } from '../../../../src/cascade/engines/chatterbox/devnen.js';
import { devnenSchema } from '../../../../src/cascade/engines/chatterbox/devnen-config.js';
import { FakeDevnen, type FakeDevnenOptions } from '../../../fakes/chatterbox/devnen.js';
import { toneVoice } from '../../../fakes/openai-realtime/tone-voice.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { type Heard, hear, heldVoice, never, soundOf, speechOf } from '../speech-server/hear.js';
import { expectPromisesKept } from '../speech-server/keeps-promises.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

const text = 'Your order left us this morning. It will be there on Friday.';

interface Setting {
  readonly fake?: Partial<FakeDevnenOptions>;
  readonly config?: object;
}

async function start({ fake: given, config }: Setting = {}): Promise<{ fake: FakeDevnen; backend: DevnenBackend }> {
  const fake = await FakeDevnen.start({ ...given, voice: { synthesise: toneVoice, ...given?.voice } });
  open.push(fake);
  const backend = new DevnenBackend(devnenSchema.parse({ url: fake.url, answerTimeoutMs: 5_000, ...config }));
  open.push(backend);
  return { fake, backend };
}

function bodyOf(fake: FakeDevnen, index = -1): Readonly<Record<string, unknown>> {
  return fake.spoken.at(index)?.body as Readonly<Record<string, unknown>>;
}

/** All that was said, as samples. */
async function said(backend: DevnenBackend, words = text): Promise<Heard> {
  return hear(backend.synthesize(words, never));
}

describe('devnen: what is asked', () => {
  test('everything that the server would take from its own file is said', async () => {
    const { fake, backend } = await start({ fake: { model: 'original' } });
    await said(backend);
    expect(bodyOf(fake)).toEqual({
      text,
      voice_mode: 'predefined',
      predefined_voice_id: 'Emily.wav',
      output_format: 'wav',
      split_text: true,
      chunk_size: 120,
      temperature: 0.8,
      exaggeration: 0.5,
      cfg_weight: 0.5,
      speed_factor: 1,
      seed: 1,
      stream: true,
    });
  });

  test('Turbo is not given what it has not, and acts the tags', async () => {
    const { fake, backend } = await start({ fake: { model: 'turbo' } });
    expect(backend.capabilities.tags).toBe(false);
    await backend.probe(never);
    expect(backend.capabilities.tags).toBe(true);
    await said(backend, 'Oh [laugh] that was quick.');
    expect(bodyOf(fake)).toMatchObject({ text: 'Oh [laugh] that was quick.' });
    expect(bodyOf(fake)).not.toHaveProperty('exaggeration');
    expect(bodyOf(fake)).not.toHaveProperty('cfg_weight');
  });

  test('other models are given no tags, and nothing where nothing else is left', async () => {
    const { fake, backend } = await start({ fake: { model: 'multilingual' }, config: { language: 'de' } });
    await backend.probe(never);
    await said(backend, 'Ja [laugh] das [clear throat] war [Seite 3] schnell.');
    expect(bodyOf(fake)).toMatchObject({ text: 'Ja das war [Seite 3] schnell.', language: 'de' });
    expect((await said(backend, '[sigh]')).samples.length).toBe(0);
    expect(fake.spoken.length).toBe(1);
  });

  test('a cloned voice is named by its recording', async () => {
    const { fake, backend } = await start({ config: { voice: { reference: 'me.wav' } } });
    await said(backend);
    expect(bodyOf(fake)).toMatchObject({ voice_mode: 'clone', reference_audio_filename: 'me.wav' });
    expect(bodyOf(fake)).not.toHaveProperty('predefined_voice_id');
  });

  test.each(['../config.yaml', 'a/b.wav', 'Emily', '.wav', 'x\\y.wav'])('%s is no name of a voice', (predefined) => {
    expect(devnenSchema.safeParse({ url: 'http://127.0.0.1:8004', voice: { predefined } }).success).toBe(false);
  });

  test('the other path takes what it takes', async () => {
    const { fake, backend } = await start({ config: { api: 'openai' } });
    expect(soundOf((await said(backend)).samples)).toBe(
      await speechOf(fake.voice, 'Your order left us this morning. It will be there on Friday.'),
    );
    expect(fake.spoken[0]?.path).toBe('/v1/audio/speech');
    expect(bodyOf(fake)).toEqual({
      model: 'chatterbox',
      input: text,
      voice: 'Emily.wav',
      response_format: 'wav',
      speed: 1,
      seed: 1,
    });
    expect(backend.capabilities).toMatchObject({ streaming: false, maxCharacters: 120 });
  });
});

describe('devnen: what comes', () => {
  test.each([
    ['a stream', {}],
    ['a file', { config: { stream: false } }],
    ['a file of an old build', { fake: { old: true } }],
  ])('%s is heard, sample for sample', async (_what, setting) => {
    const { fake, backend } = await start(setting);
    const heard = await said(backend);
    expect(soundOf(heard.samples)).toBe(await speechOf(fake.voice, text));
    expect(heard.usage).toMatchObject([{ provider: 'own', model: 'machine', unit: 'machine-ms' }]);
  });

  test('pieces of the body that end anywhere make no difference', async () => {
    const { fake, backend } = await start();
    fake.fail('odd-chunks');
    expect(soundOf((await said(backend)).samples)).toBe(await speechOf(fake.voice, text));
  });

  test('an old build is known by its header, and not asked for a stream again', async () => {
    const { fake, backend } = await start({ fake: { old: true }, config: { maxCharacters: 400 } });
    expect(backend.capabilities.streaming).toBe(true);
    await said(backend);
    expect(backend.capabilities.streaming).toBe(false);
    await said(backend);
    expect(bodyOf(fake, 0)).toHaveProperty('stream', true);
    expect(bodyOf(fake, 1)).not.toHaveProperty('stream');
  });

  test('by default a request is what the server speaks in one go: a failure in the middle cannot look like the end', async () => {
    const { backend } = await start({ config: { chunkCharacters: 100 } });
    expect(backend.capabilities).toMatchObject({ maxCharacters: 150, streaming: false });
  });

  test('a longer text is heard while its rest is made', async () => {
    const held = heldVoice(toneVoice);
    const { backend } = await start({
      fake: { voice: { synthesise: held.synthesise } },
      config: { chunkCharacters: 50, maxCharacters: 400 },
    });
    expect(await held.piecesHeard(backend)).toBeGreaterThan(1);
  });

  test('its own rate is that of the header: the configuration of the server may say another', async () => {
    const { backend } = await start({ fake: { sampleRate: 16_000 }, config: { stream: false } });
    expect((await said(backend)).rates).toEqual([16_000]);
  });

  test.each([
    ['empty', 'ERR_FLAVOR_NETWORK', true],
    ['header-only', 'ERR_FLAVOR_NETWORK', true],
    ['cut', 'ERR_FLAVOR_NETWORK', true],
    ['html', 'ERR_FLAVOR_PROTOCOL', false],
    ['flood', 'ERR_FLAVOR_PROTOCOL', false],
    ['401', 'ERR_FLAVOR_AUTH', false],
    ['404', 'ERR_FLAVOR_CONFIG', false],
    ['503', 'ERR_FLAVOR_NETWORK', true],
    ['not-loaded', 'ERR_FLAVOR_NETWORK', true],
  ] as const)('%s is reported as %s', async (fault, code, retryable) => {
    const { fake, backend } = await start();
    fake.fail(fault);
    expect((await said(backend)).error).toMatchObject({ code, retryable });
  });

  test.each([
    ['a stream that ends after a third of its text', { config: { maxCharacters: 400, chunkCharacters: 50 } }],
    ['a file that ends too early', { config: { stream: false } }],
  ])('%s is not taken for the whole', async (_what, setting) => {
    const { fake, backend } = await start(setting);
    fake.fail('truncated', { after: 0.1 });
    const long = `${text} ${text} ${text} ${text}`;
    expect((await said(backend, long)).error).toMatchObject({ code: 'ERR_FLAVOR_NETWORK', retryable: true });
  });

  test('a voice that is not there is said so', async () => {
    const { backend } = await start({ config: { voice: { predefined: 'Nobody.wav' } } });
    expect((await said(backend)).error).toMatchObject({ code: 'ERR_FLAVOR_CONFIG' });
  });
});

describe('devnen: a server that does one thing at a time', () => {
  test('checked, it says which voices there are where the one that is wanted is not', async () => {
    const ask = async (voice: object): Promise<void> => {
      const { backend } = await start({ config: { voice } });
      await backend.check(never);
    };
    await ask({ predefined: 'Emily.wav' });
    await ask({ reference: 'me.wav' });
    await expect(ask({ predefined: 'Emil.wav' })).rejects.toMatchObject({
      code: 'ERR_FLAVOR_CONFIG',
      message: expect.stringContaining('no voice Emil.wav; it has Abigail.wav, Emily.wav, Thomas.wav'),
    });
    await expect(ask({ reference: 'you.wav' })).rejects.toMatchObject({ code: 'ERR_FLAVOR_CONFIG' });
  });

  test('requests of all calls wait in order here, and no two streams are made at once', async () => {
    const { fake, backend } = await start({ fake: { voice: { overheadMs: 40 } } });
    const first = said(backend, 'One moment please.');
    const states: string[] = [];
    for await (const chunk of backend.synthesize('And another one.', never)) {
      if (chunk.type === 'progress') states.push(chunk.state);
    }
    await first;
    expect(states).toEqual(['queued']);
    expect(fake.mixed).toBe(0);
    expect(fake.spoken[1]?.atMs).toBeGreaterThanOrEqual(fake.spoken[0]?.doneAtMs ?? Number.POSITIVE_INFINITY);
  });

  test('what nobody waits for any more keeps its place until the server is done with it', async () => {
    const { fake, backend } = await start({ fake: { voice: { overheadMs: 150 } }, config: { stream: false } });
    const controller = new AbortController();
    const cancelled = hear(backend.synthesize('One moment please.', controller.signal));
    await expect.poll(() => fake.spoken.length).toBe(1);
    controller.abort(new Error('the caller spoke'));
    const { error, usage } = await cancelled;
    expect(error).toMatchObject({ message: 'the caller spoke' });
    expect(usage).toMatchObject([{ unit: 'machine-ms', quantity: expect.any(Number) }]);
    expect((await said(backend, 'Yes?')).samples.length).toBeGreaterThan(0);
    expect(fake.spoken[1]?.atMs).toBeGreaterThanOrEqual(fake.spoken[0]?.doneAtMs ?? Number.POSITIVE_INFINITY);
  });

  test('it is not asked how it is while it speaks', async () => {
    const { fake, backend } = await start({ fake: { voice: { overheadMs: 150 } }, config: { stream: false } });
    const speaking = said(backend);
    await expect.poll(() => fake.spoken.length).toBe(1);
    expect(await backend.probe(never)).toEqual({ state: 'ready' });
    await speaking;
    expect(fake.requests.filter(({ path }) => path === '/api/model-info').length).toBe(0);
  });

  test('a question that its speaking overtook is no sign of ill health', async () => {
    const fake = await FakeDevnen.start({ voice: { synthesise: toneVoice, overheadMs: 300 } });
    open.push(fake);
    const clock = new FakeClock();
    const backend = new DevnenBackend(devnenSchema.parse({ url: fake.url, stream: false }), { clock });
    open.push(backend);
    // Another program's, which this side does not know of, and which holds the server.
    const foreign = fetch(`${fake.url}/tts`, {
      method: 'POST',
      body: JSON.stringify({ text: 'Hello.', predefined_voice_id: 'Emily.wav' }),
    });
    await expect.poll(() => fake.spoken.length).toBe(1);
    const probing = backend.probe(never);
    const speaking = said(backend, 'Yes?');
    clock.advance(3_000);
    expect(await probing).toEqual({ state: 'ready' });
    await foreign;
    expect((await speaking).error).toBeUndefined();
  });

  test('it is ready with a model, and without one it is not', async () => {
    const { fake, backend } = await start();
    expect(await backend.probe(never)).toEqual({ state: 'ready' });
    fake.fail('not-loaded');
    await expect(backend.probe(never)).rejects.toMatchObject({ code: 'ERR_FLAVOR_NETWORK', retryable: true });
  });
});

test('devnen keeps the promises of a voice', async () => {
  const fake = await FakeDevnen.start({ voice: { synthesise: toneVoice, overheadMs: 10 } });
  open.push(fake);
  await expectPromisesKept(
    fake,
    () => new DevnenBackend(devnenSchema.parse({ url: fake.url, answerTimeoutMs: 8_000 })),
  );
});
