import { afterAll, describe, expect, test } from 'vitest';
import {
  createRunPodSpeech,
  type RunPodSpeechConfig,
  runPodSpeechSchema,
} from '../../../../src/cascade/engines/runpod/index.js';
import type { SpeechBackend } from '../../../../src/cascade/engines/speech-server/backend.js';
import { toneVoice } from '../../../fakes/openai-realtime/tone-voice.js';
import {
  type FakeRunPod,
  type FakeRunPodOptions,
  type RunPodFault,
  startFakeRunPod,
} from '../../../fakes/runpod/index.js';
import type { SpeechFault } from '../../../fakes/speech-server/faults.js';
import { eventually } from '../hosted/eventually.js';
import { type Heard, hear, soundOf, speechOf } from '../speech-server/hear.js';

const TEXT = 'Your order left us this morning.';
const closing: AsyncDisposable[] = [];

afterAll(async () => {
  for (const each of closing.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

interface Bench {
  readonly fake: FakeRunPod;
  readonly backend: SpeechBackend;
  /** Says a text to its end. */
  say(text?: string, signal?: AbortSignal): Promise<Heard>;
}

async function bench(
  options: FakeRunPodOptions = {},
  section: object = {},
  hasty: Partial<RunPodSpeechConfig> = {},
): Promise<Bench> {
  const fake = await startFakeRunPod({ synthesise: toneVoice, apiKey: 'secret', ...options });
  closing.push(fake);
  const config = runPodSpeechSchema.parse({ baseUrl: fake.url, endpoint: 'abc123', retries: 0, ...section });
  const backend = createRunPodSpeech({ ...config, ...hasty }, { apiKey: 'secret' });
  closing.push(backend);
  return {
    fake,
    backend,
    say: (text = TEXT, signal) => hear(backend.synthesize(text, signal ?? new AbortController().signal)),
  };
}

const never = new AbortController().signal;
const ofPublic = { endpoint: 'chatterbox-turbo' };

describe.concurrent('RunPod', () => {
  test('speech of a handler of ours comes as it is made, whole, with the machine time it took', async () => {
    const { fake, say } = await bench({ realTimeFactor: 0.2 });
    const { samples, rates, usage, progress, error } = await say();
    expect(error).toBeUndefined();
    expect(rates).toEqual([24_000]);
    expect(soundOf(samples)).toBe(await speechOf(fake.voice, TEXT));
    expect(progress).toEqual(['queued', 'working']);
    expect(usage).toMatchObject([{ provider: 'runpod', model: 'serverless', unit: 'machine-ms' }]);
    expect(fake.jobs).toMatchObject([{ input: { text: TEXT } }]);
    expect(fake.asked('cancel')).toEqual([]);
  });

  test('all that is configured goes to a handler of ours', async () => {
    const section = { voice: 'Andy', language: 'de', temperature: 0.5, exaggeration: 0.7, seed: 7 };
    const { fake, say } = await bench({ realTimeFactor: 0.2 }, { ...section, cfgWeight: 0.3 });
    await say();
    expect(fake.jobs).toMatchObject([{ input: { text: TEXT, ...section, cfg_weight: 0.3 } }]);
  });

  test('the first audio comes long before the last', async () => {
    const { backend, fake } = await bench({ realTimeFactor: 2 });
    for await (const chunk of backend.synthesize(TEXT, never)) if (chunk.type === 'audio') break;
    expect(fake.jobs).toMatchObject([{ state: 'IN_PROGRESS' }]);
  });

  test('items that come together with COMPLETED, a few at a time, are all heard', async () => {
    const { fake, say } = await bench({ itemsAtOnce: 1 });
    expect(soundOf((await say()).samples)).toBe(await speechOf(fake.voice, TEXT));
  });

  test.each(['bare-array', 'running', 'unknown-state'] as const)(
    'an answer of the kind %s is understood',
    async (fault) => {
      const { fake, say } = await bench({ realTimeFactor: 0.2 });
      fake.fail(fault);
      const { samples, error } = await say();
      expect(error).toBeUndefined();
      expect(soundOf(samples)).toBe(await speechOf(fake.voice, TEXT));
    },
  );

  test.each(['bare', 'whole'] as const)("somebody else's handler is understood: %s", async (handler) => {
    const { fake, say } = await bench({ handler });
    const { samples, usage, error } = await say();
    expect(error).toBeUndefined();
    expect(soundOf(samples)).toBe(await speechOf(fake.voice, TEXT));
    expect(usage).toMatchObject([{ unit: 'machine-ms' }]);
  });

  test("RunPod's own endpoint is asked for a voice, and its file is fetched without the key", async () => {
    const { fake, backend, say } = await bench({}, ofPublic);
    const { samples, usage } = await say();
    expect(soundOf(samples)).toBe(await speechOf(fake.voice, TEXT));
    expect(backend.identity).toEqual({ provider: 'runpod', model: 'chatterbox-turbo' });
    expect(usage).toMatchObject([{ unit: 'audio-ms', quantity: Math.round((samples.length * 1_000) / 24_000) }]);
    expect(fake.jobs).toMatchObject([{ input: { prompt: TEXT, voice: 'lucy', format: 'wav' } }]);
    expect(fake.requests.find(({ path }) => path.startsWith('/files/'))?.headers.authorization).toBeUndefined();
  });

  test('runsync that is not done has status 200, and is followed to its end', async () => {
    const { fake, say } = await bench({ overheadMs: 1_300 }, { ...ofPublic, waitMs: 1_000 });
    const { samples, progress } = await say();
    expect(soundOf(samples)).toBe(await speechOf(fake.voice, TEXT));
    expect(fake.asked('runsync')).toHaveLength(1);
    expect(fake.asked('status').length).toBeGreaterThan(0);
    expect(progress).toEqual(['working']);
  });

  test('a cold start is told as one, and waited for', async () => {
    const { fake, backend, say } = await bench({ coldStartMs: 3_600_000 });
    const { signal } = new AbortController();
    expect(await backend.probe(signal)).toEqual({ state: 'cold' });
    const speaking = say();
    await eventually(() => fake.jobs.length).toBe(1);
    expect(await backend.probe(signal)).toEqual({ state: 'starting' });
    // Who waits for long looks by himself what the matter is.
    await eventually(() => fake.asked('health').length).toBe(3);
    fake.workers.finishStarts();
    const { progress, error } = await speaking;
    expect(error).toBeUndefined();
    expect(progress).toEqual(['queued', 'starting', 'working']);
    expect(await backend.probe(signal)).toEqual({ state: 'ready' });
  });

  test('waking starts a worker without a word', async () => {
    const { fake, backend } = await bench();
    await backend.wake?.(never);
    expect(await backend.probe(never)).toEqual({ state: 'ready' });
    expect(fake.jobs).toMatchObject([{ input: { wake: true } }]);
  });

  test("RunPod's own endpoint is not woken, and looking after it makes no job", async () => {
    const { fake, backend } = await bench({}, ofPublic);
    expect(backend.wake).toBeUndefined();
    await backend.probe(never);
    expect(fake.jobs).toEqual([]);
  });

  test.each([
    ['while it is queued', { coldStartMs: 60_000 }, {}],
    ['while it is worked on', { realTimeFactor: 5 }, {}],
    ['while runsync waits', { overheadMs: 60_000 }, { ...ofPublic, waitMs: 1_000 }],
  ])('a job whose caller interrupts %s is cancelled at RunPod', async (_name, options, section) => {
    const { fake, say } = await bench(options, section);
    const abort = new AbortController();
    const speaking = say(TEXT, abort.signal);
    await eventually(() => fake.jobs.length).toBe(1);
    const reason = new Error('the caller speaks');
    abort.abort(reason);
    expect((await speaking).error).toBe(reason);
    await eventually(() => fake.jobs[0]?.state).toBe('CANCELLED');
  });

  test('a job whose caller interrupts it has cost the time of its machine', async () => {
    const { backend } = await bench({ realTimeFactor: 5 });
    const abort = new AbortController();
    const usage: object[] = [];
    const listen = async (): Promise<void> => {
      for await (const chunk of backend.synthesize(TEXT, abort.signal)) {
        if (chunk.type === 'progress' && chunk.state === 'working') abort.abort(new Error('the caller speaks'));
        if (chunk.type === 'usage') usage.push(chunk);
      }
    };
    await expect(listen()).rejects.toThrow('the caller speaks');
    expect(usage).toMatchObject([{ unit: 'machine-ms' }]);
  });

  test('speech that is left early is cancelled at RunPod', async () => {
    const { fake, backend } = await bench({ realTimeFactor: 2 });
    for await (const chunk of backend.synthesize(TEXT, never)) if (chunk.type === 'audio') break;
    await eventually(() => fake.jobs[0]?.state).toBe('CANCELLED');
  });

  test('what was yielded into an answer that did not arrive is missed, and not passed over', async () => {
    for (const handler of ['stream', 'bare'] as const) {
      const { fake, say } = await bench({ handler, realTimeFactor: 0.2, itemsAtOnce: 1 });
      fake.fail('lost-poll', { times: 1 });
      expect((await say()).error).toMatchObject({ code: 'ERR_FLAVOR_NETWORK', retryable: true });
    }
  });

  test.each(['poll-429', 'poll-500', 'cancel-500'] as const)(
    'a question that fails once is asked again: %s',
    async (fault) => {
      const { fake, say } = await bench({ realTimeFactor: 0.1 });
      fake.fail(fault, { times: 1 });
      const { samples, error } = await say();
      expect(error).toBeUndefined();
      expect(soundOf(samples)).toBe(await speechOf(fake.voice, TEXT));
    },
  );

  const failures: readonly (readonly [RunPodFault | SpeechFault, string, boolean, object?])[] = [
    ['worker-failed', 'ERR_FLAVOR_NETWORK', true],
    ['worker-dies', 'ERR_FLAVOR_NETWORK', true],
    ['timed-out', 'ERR_FLAVOR_TIMEOUT', true],
    ['cancelled', 'ERR_FLAVOR_NETWORK', true],
    ['lost-job', 'ERR_FLAVOR_NETWORK', true],
    ['stuck-working', 'ERR_FLAVOR_TIMEOUT', true],
    ['stuck-queued', 'ERR_FLAVOR_TIMEOUT', true],
    ['malformed', 'ERR_FLAVOR_PROTOCOL', false],
    ['refused-input', 'ERR_FLAVOR_CONFIG', false],
    ['inner-url', 'ERR_FLAVOR_PROTOCOL', false, ofPublic],
    ['file-404', 'ERR_FLAVOR_NETWORK', true, ofPublic],
    ['file-cut', 'ERR_FLAVOR_NETWORK', true, ofPublic],
    ['no-output', 'ERR_FLAVOR_NETWORK', true, ofPublic],
    ['401', 'ERR_FLAVOR_AUTH', false],
    ['402', 'ERR_FLAVOR_QUOTA', false],
    ['429', 'ERR_FLAVOR_QUOTA', true],
    ['500', 'ERR_FLAVOR_NETWORK', true],
    ['hang', 'ERR_FLAVOR_TIMEOUT', true],
    ['html', 'ERR_FLAVOR_PROTOCOL', false],
  ];

  /** Only what never comes is waited for briefly: a slow machine is no fault. */
  const hastyFor: Readonly<Record<string, Partial<RunPodSpeechConfig>>> = {
    'stuck-queued': { startTimeoutMs: 300 },
    'stuck-working': { workTimeoutMs: 300 },
    hang: { answerTimeoutMs: 500 },
  };

  for (const [fault, code, retryable, section = {}] of failures) {
    test(`${fault} is told as ${code}, retryable: ${retryable}`, async () => {
      const { fake, say } = await bench({}, section, hastyFor[fault] ?? {});
      fake.fail(fault);
      const { error } = await say();
      expect(error).toMatchObject({ code, retryable });
      expect(String(error)).not.toMatch(/order left|morning/);
    });
  }

  test('a file whose fetch broke before any speech is fetched once more', async () => {
    const { fake, say } = await bench({}, ofPublic);
    fake.fail('file-cut', { times: 1 });
    expect(soundOf((await say()).samples)).toBe(await speechOf(fake.voice, TEXT));
    expect(fake.jobs).toHaveLength(1);
  });

  test('a job outlives nobody: RunPod is told how long it may wait and work', async () => {
    const { fake, say } = await bench({}, { startTimeoutMs: 20_000, workTimeoutMs: 10_000 });
    await say();
    expect(fake.asked('run')[0]?.body).toMatchObject({ policy: { executionTimeout: 20_000, ttl: 40_000 } });
  });

  test('thirty calls at once stay below what RunPod allows', async () => {
    const { fake, say } = await bench({ realTimeFactor: 0.3, limit: 30, warm: 30 });
    const spoken = await Promise.all(Array.from({ length: 30 }, () => say('Yes.')));
    expect(spoken.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(fake.mostPolls).toBeLessThan(1_000);
  });

  test("settings that RunPod's own endpoint does not have are refused", () => {
    const config = runPodSpeechSchema.parse({ exaggeration: 0.7 });
    expect(() => createRunPodSpeech(config, { apiKey: 'secret' })).toThrow(/exaggeration/);
  });
});
