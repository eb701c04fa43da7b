import { afterEach, expect, test } from 'vitest';
import { defineRealtime } from '../../../flavors/openai-realtime/index.js';
import type { Flavor, FlavorErrorCode } from '../../../src/flavor-api/index.js';
import { FakeHost, speechLike } from '../../../src/flavor-testkit/index.js';
import { Patience } from '../../../src/flavor-testkit/patience.js';
import {
  type FakeOpenAiRealtime,
  type FakeOptions,
  type FaultName,
  scriptOf,
  startFakeOpenAiRealtime,
  toneVoice,
} from '../../fakes/openai-realtime/index.js';
import { configOf } from './call.js';

/** Times that no busy machine needs: what is to time out has its own. */
const patient = { connectTimeoutMs: 20_000, responseTimeoutMs: 20_000 };

const open: { close(): Promise<unknown> }[] = [];
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** A caller and the fake that answers. Time of the call runs several times as fast as the clock. */
interface Scene {
  readonly fake: FakeOpenAiRealtime;
  readonly flavor: Flavor;
  call(): Promise<FakeHost>;
}

async function scene(
  config: Readonly<Record<string, unknown>> = {},
  options: Partial<FakeOptions> = {},
): Promise<Scene> {
  const fake = await startFakeOpenAiRealtime({
    synthesise: toneVoice,
    transcriptDelayMs: 20,
    script: scriptOf([], { otherwise: { text: 'On Friday at three thirty, if that suits you.', delayMs: 50 } }),
    ...options,
  });
  open.push(fake);
  const settings = { url: fake.url, ...patient, ...config };
  const flavor = await defineRealtime({ random: () => 0 }).create(configOf(settings), {
    log: silent,
    now: () => performance.now(),
  });
  open.push({ close: async () => flavor[Symbol.asyncDispose]() });
  const call = async (): Promise<FakeHost> => {
    const host = await FakeHost.open(flavor, {
      log: silent,
      tools: [],
      frameIntervalMs: 4,
      answerMs: 30_000,
      patience: new Patience(100, false),
      callerSpeech: (format, durationMs) => speechLike(format, durationMs),
      onPosition: () => undefined,
    });
    open.push(host);
    return host;
  };
  return { fake, flavor, call };
}

const speaks = { type: 'speaks', durationMs: 1_000 } as const;

function codesOf(host: FakeHost): readonly FlavorErrorCode[] {
  return host.log.events.flatMap(({ event }) => {
    return (event.type === 'warning' || event.type === 'end') && event.error ? [event.error.code] : [];
  });
}

test.each<[FaultName, FlavorErrorCode, boolean]>([
  ['connect-refused', 'ERR_FLAVOR_NETWORK', true],
  ['connect-hang', 'ERR_FLAVOR_TIMEOUT', true],
  ['upgrade-401', 'ERR_FLAVOR_AUTH', false],
  ['upgrade-429', 'ERR_FLAVOR_QUOTA', true],
  ['upgrade-500', 'ERR_FLAVOR_NETWORK', true],
  ['upgrade-503', 'ERR_FLAVOR_NETWORK', true],
  ['invalid-api-key', 'ERR_FLAVOR_AUTH', false],
  ['silent', 'ERR_FLAVOR_TIMEOUT', true],
  ['trickle', 'ERR_FLAVOR_TIMEOUT', true],
  ['slow-session', 'ERR_FLAVOR_TIMEOUT', true],
])('%s: neither a call nor a check succeeds, and both say why', async (fault, code, retryable) => {
  const { fake, flavor, call } = await scene(code === 'ERR_FLAVOR_TIMEOUT' ? { connectTimeoutMs: 1_000 } : {});
  const check = () => flavor.check(AbortSignal.timeout(30_000));
  fake.fail(fault);
  await expect(call()).rejects.toMatchObject({ code, retryable });
  await expect(check()).rejects.toMatchObject({ code, retryable });
  await expect.poll(() => fake.connections()).toBe(0);
  await fake.recover();
  // A busy machine may need more than the time it is given here: once is enough.
  await expect.poll(() => check().catch((error: unknown) => error)).toBeUndefined();
});

test.each<[FaultName, readonly FlavorErrorCode[]]>([
  ['close-1000', ['ERR_FLAVOR_NETWORK']],
  ['close-1006', ['ERR_FLAVOR_NETWORK']],
  ['close-1011', ['ERR_FLAVOR_NETWORK']],
  ['error-continue', ['ERR_FLAVOR_NETWORK']],
  ['error-close', ['ERR_FLAVOR_NETWORK', 'ERR_FLAVOR_NETWORK']],
  ['session-expired', ['ERR_FLAVOR_NETWORK']],
  ['malformed', ['ERR_FLAVOR_PROTOCOL']],
  ['binary', ['ERR_FLAVOR_PROTOCOL']],
  ['oversized', ['ERR_FLAVOR_PROTOCOL']],
])(
  '%s in the middle of an answer: the answer is heard to its end, and the next turn answered',
  async (fault, codes) => {
    const { fake, call } = await scene({}, { audioRate: 4 });
    const host = await call();
    host.start();
    fake.fail(fault, { once: true, to: 'open' });
    await answered(host, fake);
    expect(codesOf(host)).toEqual(codes);
    await answered(host, fake);
    expect(codesOf(host)).toEqual(codes);
    await expect.poll(() => fake.connections()).toBe(1);
  },
);

test.each<FaultName>(['close-1006', 'close-1011', 'error-close', 'session-expired', 'oversized'])(
  '%s while nobody speaks: the next turn is answered',
  async (fault) => {
    const { fake, call } = await scene();
    const host = await call();
    host.start();
    await host.untilQuiet();
    fake.fail(fault, { once: true, to: 'open', when: 'idle' });
    await host.settle(500);
    await answered(host, fake);
    expect(host.ended).toBeUndefined();
  },
);

test.each<[FaultName, boolean]>([
  ['insufficient-quota', false],
  ['rate-limit-exceeded', true],
])('%s in place of an answer ends the session, named as it is', async (fault, retryable) => {
  const { fake, call } = await scene();
  const host = await call();
  host.start();
  await host.untilQuiet();
  fake.fail(fault);
  host.act(speaks);
  await host.until(() => host.ended !== undefined, 'end');
  expect(host.ended?.event).toMatchObject({ reason: 'failed', error: { code: 'ERR_FLAVOR_QUOTA', retryable } });
});

test('a model that does not reason refuses to, and a check says so before a caller does', async () => {
  const { flavor, call } = await scene({ reasoningEffort: 'low' });
  await expect(flavor.check(AbortSignal.timeout(30_000))).rejects.toMatchObject({
    code: 'ERR_FLAVOR_CONFIG',
    message: expect.stringContaining('session.reasoning'),
  });
  await expect(call()).rejects.toMatchObject({ code: 'ERR_FLAVOR_CONFIG' });
  const reasoning = await scene({ model: 'gpt-realtime-2', reasoningEffort: 'low', toolChoice: 'required' });
  await reasoning.flavor.check(AbortSignal.timeout(30_000));
});

test('one response that fails is made once more, and the caller hears the answer', async () => {
  const { fake, call } = await scene();
  const host = await call();
  host.start();
  await host.untilQuiet();
  fake.fail('response-failed');
  host.act(speaks);
  await host.until(() => codesOf(host).length > 0, 'warning');
  await fake.recover();
  await host.untilVoiced(host.log.events.length, 'answer');
  expect(codesOf(host)).toEqual(['ERR_FLAVOR_NETWORK']);
});

test('a service that hears and does not begin to answer is asked twice, then given up', async () => {
  const { fake, call } = await scene({ responseTimeoutMs: 1_000 });
  const host = await call();
  host.start();
  await host.untilQuiet();
  fake.fail('silent', { to: 'open' });
  host.speak({ text: 'Another moment, please.' });
  await host.until(() => host.ended !== undefined, 'end');
  expect(codesOf(host)).toEqual(['ERR_FLAVOR_TIMEOUT', 'ERR_FLAVOR_TIMEOUT']);
});

test.each<[FaultName, number]>([
  ['wrong-order', 0.9],
  ['duplicate-audio', 1],
  ['audio-flood', 1],
  ['late-deltas', 1],
])('%s: the answer is as long as it should be, and the session lives', async (fault, least) => {
  const plain = await scene();
  const expected = await answerBytes(plain);
  const { fake, call } = await scene();
  fake.fail(fault);
  const bytes = await answerBytes({ fake, call });
  expect(bytes).toBeLessThanOrEqual(expected);
  expect(bytes).toBeGreaterThanOrEqual(expected * least);
});

test('late deltas of an interrupted answer are not heard, and its memory is cut once', async () => {
  const { fake, call } = await scene({}, { audioRate: 2 });
  fake.fail('late-deltas');
  const host = await call();
  host.start();
  await host.untilQuiet();
  const id = await host.converse(speaks);
  await host.until(() => (host.playing?.heardMs ?? 0) >= 200, 'playout');
  host.interrupt('api');
  await host.settle(100);
  const mark = host.log.events.length;
  await host.settle(2_000);
  const late = host.log.events.slice(mark).filter(({ event }) => event.type === 'audio' && event.responseId === id);
  expect(late).toEqual([]);
  expect(fake.timeline.truncations.map(({ refused }) => refused)).toEqual([false]);
});

test('a service that does not let go of a connection does not hold up the end of a call', async () => {
  const { fake, call } = await scene();
  fake.fail('late-close');
  const host = await call();
  host.start();
  await host.untilQuiet();
  host.abort();
  await host.until(() => host.ended !== undefined, 'end');
  await expect.poll(() => fake.connections()).toBe(0);
});

/** The caller speaks, and hears the answer to its end. */
async function answered(host: FakeHost, fake: FakeOpenAiRealtime): Promise<void> {
  await host.untilQuiet();
  await host.converse(speaks);
  const complete = (): boolean => fake.timeline.responses.at(-1)?.status === 'completed' && host.pending.length === 0;
  await host.until(complete, 'end of the answer');
}

/** Bytes of the answer to a turn. */
async function answerBytes({ fake, call }: Pick<Scene, 'call' | 'fake'>): Promise<number> {
  const host = await call();
  host.start();
  await host.untilQuiet();
  const id = await host.converse(speaks);
  // Quiet alone may be a machine that stalls in the middle of the answer.
  await host.until(() => fake.timeline.responses.at(-1)?.status === 'completed', 'end of the answer');
  await host.untilQuiet();
  expect(host.ended).toBeUndefined();
  return host.log.events.reduce((sum, { event }) => {
    return event.type === 'audio' && event.responseId === id ? sum + event.data.length : sum;
  }, 0);
}
