import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import deepgram from '../../../flavors/deepgram/index.js';
import { encodeMulaw } from '../../../src/audio/g711.js';
import type { CallContext, Flavor } from '../../../src/flavor-api/index.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { createKeptLog } from '../../support/silent-log.js';
import { Child } from '../lib/child.js';
import { type Finding, type Measure, scaled, table } from '../lib/report.js';
import { abruptUtterance } from '../lib/utterances.js';
import type { CascadeProviderApi } from './provider-api.js';
import { callerTexts, quickProviders } from './providers.js';

const CALLS = 10_000;
const AT_ONCE = 20;
/** One in so many calls is talked in to the end of an answer; the others are hung up at any moment before. */
const WHOLE_ONE_IN = 4;
const WARM_UP = 1_000;
const FRAME_BYTES = 160;
const SILENT_FRAMES = 30;
const HEAP_GOAL_BYTES = 200;
/** For sockets to close and the provider to notice, ms. */
const REST_MS = 3_000;
const ANSWER_LIMIT_MS = 10_000;

/** What the process holds, after a full garbage collection. */
interface Held {
  readonly heapBytes: number;
  readonly descriptors: number;
  /** Of libuv, by type. */
  readonly active: Readonly<Record<string, number>>;
  readonly connections: number;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Sessions of the flavor `deepgram` without a phone, against providers in another process: what 10,000 leave behind. */
export const measureCascadeLeak: Measure = async (tell, scale) => {
  const calls = scaled(CALLS, scale);
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => {
    warnings.push(`${warning.name}: ${warning.message}`);
  };
  process.on('warning', onWarning);
  const sound = await framesOf(callerTexts[0]);
  await using provider = Child.start<CascadeProviderApi>(new URL('provider-child.js', import.meta.url));
  const { deepgram: url, model } = await provider.ask('start', {
    ...quickProviders,
    delays: { interimMs: 0, finalMs: 0, speechMs: 0 },
  });
  const flavor = await flavorAt(url, model);
  const counts = { answered: 0, failed: 0 };
  const round = async (count: number, seed: number): Promise<Held> => {
    let begun = 0;
    const random = new SeededRandom(seed);
    const line = async (): Promise<void> => {
      while (begun < count) {
        begun += 1;
        const whole = begun % WHOLE_ONE_IN === 0;
        await call(flavor, sound, whole ? undefined : random.integer(120), counts);
        if (begun % 500 === 0) await provider.ask('clear', undefined);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, line));
    await sleep(REST_MS);
    return await held(provider);
  };
  tell(`cascade-leak: ${WARM_UP} calls to warm up`);
  const before = await round(Math.min(WARM_UP, calls), 1);
  const half = await round(Math.ceil(calls / 2), 2);
  tell(`cascade-leak: ${Math.ceil(calls / 2)} calls of ${calls}`);
  const after = await round(Math.floor(calls / 2), 3);
  await flavor[Symbol.asyncDispose]();
  process.off('warning', onWarning);
  const perCall = Math.round((after.heapBytes - half.heapBytes) / Math.floor(calls / 2));
  const rows = [before, half, after].map(({ heapBytes, descriptors, active, connections }, index) => [
    ['warmed up', 'half of them', 'all of them'][index] ?? '',
    (heapBytes / 2 ** 20).toFixed(2),
    String(descriptors),
    String(active['TCPSocketWrap'] ?? 0),
    String(active['Timeout'] ?? 0),
    String(connections),
  ]);
  return {
    title: `Leaks: ${calls} sessions of the flavor deepgram`,
    lines: [
      `${AT_ONCE} at once, without a phone; one in ${WHOLE_ONE_IN} is talked in until its answer was spoken (${counts.answered}), the others are`,
      'ended at a random moment from their opening on.',
      '',
      ...table(['', 'heap, MB', 'descriptors', 'sockets', 'timers', 'connections at the provider'], rows),
      ...warnings,
    ],
    findings: findingsOf(before, after, perCall, [
      ...warnings,
      ...(counts.failed > 0 ? [`${counts.failed} failed`] : []),
    ]),
  };
};

function findingsOf(before: Held, after: Held, perCall: number, troubles: readonly string[]): readonly Finding[] {
  const timers = (after.active['Timeout'] ?? 0) - (before.active['Timeout'] ?? 0);
  const sockets = (after.active['TCPSocketWrap'] ?? 0) - (before.active['TCPSocketWrap'] ?? 0);
  return [
    {
      goal: 'no socket is left, here or there',
      measured: `${sockets} sockets, ${after.descriptors - before.descriptors} descriptors, ${after.connections} there`,
      ok: sockets <= 0 && after.descriptors <= before.descriptors && after.connections === 0,
    },
    { goal: 'no timer is left', measured: String(timers), ok: timers <= 0 },
    {
      goal: 'no listener too many is warned of, nothing failed',
      measured: String(troubles.length),
      ok: troubles.length === 0,
    },
    { goal: `heap at most ${HEAP_GOAL_BYTES} bytes a call`, measured: String(perCall), ok: perCall <= HEAP_GOAL_BYTES },
  ];
}

async function flavorAt(url: string, baseUrl: string): Promise<Flavor> {
  const result = await deepgram.manifest.configSchema['~standard'].validate({
    apiKey: 'key-of-a-measurement',
    greeting: 'Hello.',
    stt: { url, model: 'flux-general-en' },
    llm: { provider: 'openai-compatible', baseUrl, model: 'scripted' },
    tts: { url },
  });
  if (result.issues) throw new Error(result.issues.map(({ message }) => message).join('; '));
  const flavor = await deepgram.create(result.value, { log: createKeptLog(), now: () => performance.now() });
  await flavor.warmup?.(AbortSignal.timeout(ANSWER_LIMIT_MS));
  return flavor;
}

/** One session. `endAfterMs`: it is ended then, whatever it is about; `undefined`: once its answer was spoken. */
async function call(
  flavor: Flavor,
  sound: readonly Uint8Array[],
  endAfterMs: number | undefined,
  counts: { answered: number; failed: number },
): Promise<void> {
  const controller = new AbortController();
  const limit = setTimeout(() => controller.abort(), endAfterMs ?? ANSWER_LIMIT_MS);
  try {
    const session = await flavor.open(contextOf(controller.signal));
    session.start();
    let responses = 0;
    let text = '';
    for await (const event of session.events) {
      if (event.type === 'end' && event.reason === 'failed') counts.failed += 1;
      if (event.type === 'text') text += event.text;
      if (event.type !== 'audio-done') continue;
      responses += 1;
      const { responseId } = event;
      session.onPlayout({ responseId, state: 'finished', heardMs: 1_000, heardText: text, heardChars: text.length });
      text = '';
      // After the greeting the caller speaks, and after the answer they hang up.
      if (responses === 1) {
        for (const [index, data] of sound.entries()) {
          session.write({ data, positionMs: index * 20, concealed: false });
        }
      } else {
        counts.answered += 1;
        controller.abort();
      }
    }
  } catch {
    if (!controller.signal.aborted) counts.failed += 1;
  }
  clearTimeout(limit);
  controller.abort();
}

function contextOf(signal: AbortSignal): CallContext {
  const format = { encoding: 'mulaw', sampleRate: 8000 } as const;
  return {
    id: 'leak',
    signal,
    direction: 'inbound',
    from: '1000',
    to: '2000',
    headers: new Map(),
    variables: {},
    render: (text) => text,
    input: format,
    output: format,
    tools: [],
    history: [],
    log: createKeptLog(),
  };
}

async function framesOf(text: string): Promise<readonly Uint8Array[]> {
  const samples = await abruptUtterance(text, 'rms');
  const padded = new Int16Array(Math.ceil(samples.length / FRAME_BYTES + SILENT_FRAMES) * FRAME_BYTES);
  padded.set(samples);
  const bytes = new Uint8Array(padded.length);
  encodeMulaw(padded, bytes);
  return Array.from({ length: bytes.length / FRAME_BYTES }, (_, index) =>
    bytes.subarray(index * FRAME_BYTES, (index + 1) * FRAME_BYTES),
  );
}

async function held(provider: Child<CascadeProviderApi>): Promise<Held> {
  for (let round = 0; round < 6; round += 1) {
    await sleep(50);
    collectGarbage();
  }
  const { connections } = await provider.ask('account', undefined);
  const active: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) active[name] = (active[name] ?? 0) + 1;
  return {
    heapBytes: process.memoryUsage().heapUsed,
    descriptors: (await readdir('/proc/self/fd')).length,
    active,
    connections: connections.listen + connections.speak,
  };
}
