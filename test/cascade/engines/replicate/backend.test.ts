import { afterAll, describe, expect, test } from 'vitest';
import {
  createReplicateSpeech,
  type ReplicateSpeechConfig,
  replicateSpeechSchema,
} from '../../../../src/cascade/engines/replicate/index.js';
import type { SpeechBackend } from '../../../../src/cascade/engines/speech-server/backend.js';
import { toneVoice } from '../../../fakes/openai-realtime/tone-voice.js';
import {
  type FakeReplicate,
  type FakeReplicateOptions,
  type ReplicateFault,
  startFakeReplicate,
} from '../../../fakes/replicate/index.js';
import type { SpeechFault } from '../../../fakes/speech-server/faults.js';
import { eventually } from '../hosted/eventually.js';
import { type Heard, hear, soundOf, speechOf } from '../speech-server/hear.js';

const TEXT = 'Your order left us this morning.';
const closing: AsyncDisposable[] = [];

afterAll(async () => {
  for (const each of closing.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

interface Bench {
  readonly fake: FakeReplicate;
  readonly backend: SpeechBackend;
  /** Says a text to its end. */
  say(text?: string, signal?: AbortSignal): Promise<Heard>;
}

async function bench(
  options: FakeReplicateOptions = {},
  section: object = {},
  hasty: Partial<ReplicateSpeechConfig> = {},
): Promise<Bench> {
  const fake = await startFakeReplicate({ synthesise: toneVoice, apiKey: 'secret', ...options });
  closing.push(fake);
  const config = replicateSpeechSchema.parse({ baseUrl: fake.url, retries: 0, ...section });
  const backend = createReplicateSpeech({ ...config, ...hasty }, { apiKey: 'secret' });
  closing.push(backend);
  const never = new AbortController().signal;
  return { fake, backend, say: (text = TEXT, signal = never) => hear(backend.synthesize(text, signal)) };
}

const orders = (fake: FakeReplicate) => fake.requests.filter(({ path }) => path.endsWith('/predictions'));

describe.concurrent('Replicate', () => {
  test('a prediction that is done in time is one request and one file, fetched without the token', async () => {
    const { fake, backend, say } = await bench({ warm: 1 });
    const { samples, rates, usage, progress, error } = await say();
    expect(error).toBeUndefined();
    expect(rates).toEqual([24_000]);
    expect(soundOf(samples)).toBe(await speechOf(fake.voice, TEXT));
    expect(progress).toEqual(['working']);
    expect(usage).toMatchObject([{ provider: 'replicate', model: 'resemble-ai/chatterbox-turbo', unit: 'machine-ms' }]);
    expect(backend.capabilities.streaming).toBe(false);
    const [order, file, more] = fake.requests;
    expect(order?.headers).toMatchObject({ prefer: 'wait=2', 'cancel-after': '120s' });
    expect(file?.path).toMatch(/^\/files\//);
    expect(file?.headers.authorization).toBeUndefined();
    expect(more).toBeUndefined();
  });

  test.each([
    ['starting', { coldStartMs: 1_300 }, ['starting', 'working']],
    ['processing', { overheadMs: 1_300, warm: 1 }, ['working']],
  ] as const)('a prediction that is still %s when the wait is over is followed', async (_status, options, progress) => {
    const { fake, say } = await bench({ realTimeFactor: 0.2, ...options }, { waitMs: 1_000 });
    const spoken = await say();
    expect(spoken.error).toBeUndefined();
    expect(soundOf(spoken.samples)).toBe(await speechOf(fake.voice, TEXT));
    expect(spoken.progress).toEqual(progress);
    expect(orders(fake)).toHaveLength(1);
  });

  test.each(['list', 'data'] as const)('an output in the form of %s is understood', async (output) => {
    const { fake, say } = await bench({ output });
    expect(soundOf((await say()).samples)).toBe(await speechOf(fake.voice, TEXT));
  });

  test('a version of a model is asked for by its number', async () => {
    const { fake, backend, say } = await bench({}, { version: '0123456789abcdef'.repeat(4) });
    expect((await say()).error).toBeUndefined();
    expect(orders(fake)[0]?.path).toBe('/v1/predictions');
    expect(await backend.probe(AbortSignal.timeout(10_000))).toEqual({ state: 'ready' });
    expect(fake.requests.at(-1)?.path).toBe('/v1/account');
  });

  test('what is set is sent, and nothing else', async () => {
    const section = { voice: 'Andy', temperature: 0.5, topP: 0.9, topK: 40, repetitionPenalty: 1.1, seed: 7 };
    const { fake, say } = await bench({}, section);
    expect((await say()).error).toBeUndefined();
    expect(fake.predictions[0]?.input).toEqual({
      text: TEXT,
      voice: 'Andy',
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      repetition_penalty: 1.1,
      seed: 7,
    });
  });

  test('an input that the model does not have is a mistake of the configuration', async () => {
    const { say } = await bench({}, { inputs: { exaggeration: 0.5 } });
    expect((await say()).error).toMatchObject({ code: 'ERR_FLAVOR_CONFIG', retryable: false });
  });

  test.each([
    ['while a machine starts', { coldStartMs: 60_000 }, 'aborted'],
    ['while it is worked on', { overheadMs: 60_000 }, 'canceled'],
  ] as const)('a prediction whose caller interrupts %s is cancelled at Replicate', async (_name, options, status) => {
    const { fake, say } = await bench(options, { waitMs: 1_000 });
    const abort = new AbortController();
    const speaking = say(TEXT, abort.signal);
    await eventually(() => fake.predictions.length).toBe(1);
    const reason = new Error('the caller speaks');
    abort.abort(reason);
    expect((await speaking).error).toBe(reason);
    await eventually(() => fake.predictions[0]?.status).toBe(status);
  });

  test('an order that is throttled is given again when Replicate says', async () => {
    const { fake, say } = await bench({ orderLimit: 0 }, { retries: 1 });
    expect((await say()).error).toMatchObject({ code: 'ERR_FLAVOR_QUOTA', retryable: true });
    const [first, second, third] = orders(fake);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(990);
    expect(third).toBeUndefined();
  });

  test.each(['poll-429', 'poll-500', 'file-cut'] as const)(
    'a request that fails once is made again: %s',
    async (fault) => {
      const { fake, say } = await bench({ overheadMs: 1_200 }, { waitMs: 1_000 });
      fake.fail(fault, { times: 1 });
      const { samples, error } = await say();
      expect(error).toBeUndefined();
      expect(soundOf(samples)).toBe(await speechOf(fake.voice, TEXT));
      expect(fake.predictions).toHaveLength(1);
    },
  );

  test('a prediction whose caller interrupts it has cost the time of its machine', async () => {
    const { backend } = await bench({ warm: 1, realTimeFactor: 5 }, { waitMs: 1_000 });
    const abort = new AbortController();
    const usage: object[] = [];
    const listen = async (): Promise<void> => {
      for await (const chunk of backend.synthesize(TEXT, abort.signal)) {
        if (chunk.type === 'progress' && chunk.state === 'working') abort.abort(new Error('the caller speaks'));
        if (chunk.type === 'usage') usage.push(chunk);
      }
    };
    await expect(listen()).rejects.toThrow('the caller speaks');
    expect(usage).toMatchObject([{ provider: 'replicate', unit: 'machine-ms' }]);
  });

  test('waking starts a machine', async () => {
    const { fake, backend } = await bench();
    await backend.wake?.(AbortSignal.timeout(10_000));
    expect(fake.workers.counts.idle).toBe(1);
  });

  const slow = { overheadMs: 60_000 };
  const failures: readonly (readonly [ReplicateFault | SpeechFault, string, boolean, FakeReplicateOptions?])[] = [
    ['prediction-failed', 'ERR_FLAVOR_NETWORK', true],
    ['prediction-canceled', 'ERR_FLAVOR_NETWORK', true],
    ['prediction-aborted', 'ERR_FLAVOR_TIMEOUT', true],
    ['stuck-starting', 'ERR_FLAVOR_TIMEOUT', true],
    ['stuck-processing', 'ERR_FLAVOR_TIMEOUT', true],
    ['lost-prediction', 'ERR_FLAVOR_NETWORK', true, slow],
    ['malformed', 'ERR_FLAVOR_PROTOCOL', false, slow],
    ['inner-url', 'ERR_FLAVOR_PROTOCOL', false],
    ['file-404', 'ERR_FLAVOR_NETWORK', true],
    ['file-cut', 'ERR_FLAVOR_NETWORK', true],
    ['file-short', 'ERR_FLAVOR_NETWORK', true],
    ['file-html', 'ERR_FLAVOR_PROTOCOL', false],
    ['no-output', 'ERR_FLAVOR_NETWORK', true],
    ['401', 'ERR_FLAVOR_AUTH', false],
    ['402', 'ERR_FLAVOR_QUOTA', false],
    ['429', 'ERR_FLAVOR_QUOTA', true],
    ['500', 'ERR_FLAVOR_NETWORK', true],
    ['hang', 'ERR_FLAVOR_TIMEOUT', true],
    ['html', 'ERR_FLAVOR_PROTOCOL', false],
  ];

  /** Only what never comes is waited for briefly: a slow machine is no fault. */
  const hastyFor: Readonly<Record<string, Partial<ReplicateSpeechConfig>>> = {
    'stuck-starting': { startTimeoutMs: 300 },
    'stuck-processing': { workTimeoutMs: 300 },
    hang: { answerTimeoutMs: 500 },
  };

  for (const [fault, code, retryable, options = {}] of failures) {
    test(`${fault} is told as ${code}, retryable: ${retryable}`, async () => {
      const { fake, say } = await bench({ warm: 1, ...options }, { waitMs: 1_000 }, hastyFor[fault] ?? {});
      fake.fail(fault);
      const { error } = await say();
      expect(error).toMatchObject({ code, retryable });
      expect(String(error)).not.toMatch(/order left|morning|CUDA/);
    });
  }
});
