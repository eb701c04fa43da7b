import { afterAll, describe, expect, test } from 'vitest';
import type { SpeechBackend } from '../../../../src/cascade/engines/speech-server/backend.js';
import {
  createTogetherSpeech,
  type TogetherSpeechConfig,
  togetherSpeechSchema,
} from '../../../../src/cascade/engines/together/index.js';
import { sentencesOf } from '../../../../src/cascade/engines/together/socket.js';
import { toneVoice } from '../../../fakes/openai-realtime/tone-voice.js';
import type { SpeechFault } from '../../../fakes/speech-server/faults.js';
import {
  type FakeTogether,
  type FakeTogetherOptions,
  startFakeTogether,
  type TogetherFault,
} from '../../../fakes/together/index.js';
import { eventually } from '../hosted/eventually.js';
import { type Heard, hear, soundOf, speechOf } from '../speech-server/hear.js';

const TEXT = 'Your order left us this morning.';
const closing: AsyncDisposable[] = [];

afterAll(async () => {
  for (const each of closing.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

interface Bench {
  readonly fake: FakeTogether;
  readonly backend: SpeechBackend;
  /** Says a text to its end. */
  say(text?: string, signal?: AbortSignal): Promise<Heard>;
}

async function bench(
  options: FakeTogetherOptions = {},
  section: object = {},
  hasty: Partial<TogetherSpeechConfig> = {},
): Promise<Bench> {
  const fake = await startFakeTogether({ synthesise: toneVoice, apiKey: 'secret', ...options });
  closing.push(fake);
  const config = togetherSpeechSchema.parse({ baseUrl: fake.url, ...section });
  const backend = createTogetherSpeech({ ...config, ...hasty }, { apiKey: 'secret' });
  closing.push(backend);
  const never = new AbortController().signal;
  return { fake, backend, say: (text = TEXT, signal = never) => hear(backend.synthesize(text, signal)) };
}

const overSocket = { transport: 'websocket' };

describe.concurrent('Together.ai', () => {
  test.each(['delta', 'b64'] as const)(
    'events of the shape %s are understood, and paid by the character',
    async (shape) => {
      const { fake, say } = await bench({ shape });
      const { samples, rates, usage, error } = await say();
      expect(error).toBeUndefined();
      expect(rates).toEqual([24_000]);
      expect(soundOf(samples)).toBe(await speechOf(fake.voice, TEXT));
      expect(usage).toMatchObject([{ provider: 'together', unit: 'characters', quantity: TEXT.length }]);
      // Left out, it would be 32-bit floating point at 44,100 Hz.
      expect(fake.requests[0]?.body).toMatchObject({ response_encoding: 'pcm_s16le', sample_rate: 24_000 });
    },
  );

  test('a service that ignores that a stream was asked for is understood', async () => {
    const { fake, say } = await bench();
    fake.fail('ignores-stream');
    const { samples, error } = await say();
    expect(error).toBeUndefined();
    expect(soundOf(samples)).toBe(await speechOf(fake.voice, TEXT));
  });

  test.each(['http', 'websocket'])('chunks that end within samples do no harm: %s', async (transport) => {
    const { fake, say } = await bench({}, { transport });
    fake.fail('odd-deltas');
    expect(soundOf((await say()).samples)).toBe(await speechOf(fake.voice, TEXT));
  });

  test('signs in brackets are not read aloud', async () => {
    const { fake, say } = await bench();
    await say('[laugh] Yes.');
    expect(fake.requests[0]?.body).toMatchObject({ input: 'Yes.' });
  });

  test('a kept connection speaks one text after the other', async () => {
    const { fake, say } = await bench({}, overSocket);
    expect(soundOf((await say()).samples)).toBe(await speechOf(fake.voice, TEXT));
    expect(fake.upgrades[0]?.get('model')).toBe('hexgrad/Kokoro-82M');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(soundOf((await say('Yes.')).samples)).toBe(await speechOf(fake.voice, 'Yes.'));
    expect(fake.upgrades).toHaveLength(1);
  });

  test('texts at once have connections of their own', async () => {
    const { fake, say } = await bench({}, overSocket);
    const [first, second] = await Promise.all([say(TEXT), say('Yes.')]);
    expect(soundOf(first?.samples)).toBe(await speechOf(fake.voice, TEXT));
    expect(soundOf(second?.samples)).toBe(await speechOf(fake.voice, 'Yes.'));
    expect(fake.upgrades).toHaveLength(2);
  });

  test('a kept connection is not taken by two texts at once', async () => {
    const { fake, say } = await bench({}, overSocket);
    await say();
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const [first, second] = await Promise.all([say(TEXT), say('Yes.')]);
    expect(soundOf(first?.samples)).toBe(await speechOf(fake.voice, TEXT));
    expect(soundOf(second?.samples)).toBe(await speechOf(fake.voice, 'Yes.'));
    expect(fake.upgrades).toHaveLength(2);
  });

  test('a text of several sentences is heard to its end', async () => {
    const { fake, say } = await bench({}, overSocket);
    const { samples, error } = await say('Good morning. How are you? Dr. Smith is here.');
    expect(error).toBeUndefined();
    let length = 0;
    for (const sentence of fake.sentences) length += (await fake.voice.speech(sentence)).samples.length;
    expect(fake.sentences).toEqual(['Good morning.', 'How are you?', 'Dr.', 'Smith is here.']);
    expect(samples.length).toBe(length);
  });

  test('speech that comes after its end never reaches the next text', async () => {
    const { fake, say } = await bench({}, overSocket);
    fake.fail('late-delta', { times: 1 });
    await say();
    await eventually(() => fake.openSockets).toBe(0);
    expect(soundOf((await say('Yes.')).samples)).toBe(await speechOf(fake.voice, 'Yes.'));
    expect(fake.upgrades).toHaveLength(2);
  });

  test.each(['http', 'websocket'])('an interruption ends the request: %s', async (transport) => {
    const { fake, say } = await bench({ overheadMs: 60_000 }, { transport });
    const abort = new AbortController();
    const speaking = say(TEXT, abort.signal);
    const at = transport === 'http' ? () => fake.requests.length : () => fake.sentences.length;
    await eventually(at).toBe(1);
    const reason = new Error('the caller speaks');
    abort.abort(reason);
    expect((await speaking).error).toBe(reason);
    if (transport === 'http') await eventually(() => fake.requests[0]?.abortedAtMs).toBeDefined();
    else await eventually(() => fake.openSockets).toBe(0);
  });

  test('who is disposed of in mid-sentence says so, and leaves nobody waiting', async () => {
    const { fake, say, backend } = await bench({ overheadMs: 60_000 }, overSocket);
    const speaking = say();
    await eventually(() => fake.sentences.length).toBe(1);
    await backend[Symbol.asyncDispose]();
    expect((await speaking).error).toMatchObject({ code: 'ERR_FLAVOR_NETWORK' });
  });

  test('looking after it asks for the list of models', async () => {
    const { fake, backend } = await bench();
    expect(await backend.probe(AbortSignal.timeout(10_000))).toEqual({ state: 'ready' });
    expect(fake.requests).toMatchObject([{ method: 'GET', path: '/v1/models' }]);
  });

  const failures: readonly (readonly [TogetherFault | SpeechFault, string, boolean, object?])[] = [
    ['event-error', 'ERR_FLAVOR_NETWORK', true],
    ['no-done', 'ERR_FLAVOR_NETWORK', true],
    ['events-cut', 'ERR_FLAVOR_NETWORK', true],
    ['401', 'ERR_FLAVOR_AUTH', false],
    ['429', 'ERR_FLAVOR_QUOTA', true],
    ['500', 'ERR_FLAVOR_NETWORK', true],
    ['hang', 'ERR_FLAVOR_TIMEOUT', true],
    ['html', 'ERR_FLAVOR_PROTOCOL', false],
    ['upgrade-401', 'ERR_FLAVOR_AUTH', false, overSocket],
    ['upgrade-429', 'ERR_FLAVOR_QUOTA', true, overSocket],
    ['tts-failed', 'ERR_FLAVOR_NETWORK', true, overSocket],
    ['socket-close', 'ERR_FLAVOR_NETWORK', true, overSocket],
    ['socket-silent', 'ERR_FLAVOR_TIMEOUT', true, overSocket],
    ['socket-malformed', 'ERR_FLAVOR_PROTOCOL', false, overSocket],
  ];
  /** Only what never comes is waited for briefly: a slow machine is no fault. */
  const hastyFor: Readonly<Record<string, Partial<TogetherSpeechConfig>>> = {
    hang: { answerTimeoutMs: 500 },
    'socket-silent': { answerTimeoutMs: 500 },
  };

  for (const [fault, code, retryable, section = {}] of failures) {
    test(`${fault} is told as ${code}, retryable: ${retryable}`, async () => {
      const { fake, say } = await bench({}, section, hastyFor[fault] ?? {});
      fake.fail(fault);
      const { error } = await say();
      expect(error).toMatchObject({ code, retryable });
      expect(String(error)).not.toMatch(/order left|morning|could not speak/);
    });
  }
});

test.each([
  ['Yes', 1],
  ['Yes.', 1],
  ['Yes. No.', 2],
  ['"Yes!" he said.', 2],
  ['It is 3.5 percent.', 1],
  ['Well. … Yes.', 2],
])('%s is committed in %i parts', (text, count) => {
  expect(sentencesOf(text)).toHaveLength(count);
});
