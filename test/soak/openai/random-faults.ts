import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultName } from '../../fakes/openai-realtime/index.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { type PartReport, scaled, table } from '../lib/report.js';
import { Scene } from '../lib/scene.js';
import { abruptUtterance } from '../lib/utterances.js';

const CALLS = 1_000;
/** Calls of the same kind before the first count: the 4,096 events that are remembered are of such calls then, all of them. */
const CALLS_BEFORE = 2_100;
const AT_ONCE = 24;
const SEED = 20_261_128;
/** Of a fault, for each connection. Several are on at once: half of the connections get one, some get two. */
const PROBABILITY = 0.06;
const HEAP_GOAL_BYTES = 1_024;
/** Until nothing of the calls is alive: SIP transactions take 32 s. */
const SETTLED_MS = 40_000;

const faults: readonly FaultName[] = [
  'upgrade-401',
  'upgrade-503',
  'close-1006',
  'close-1011',
  'error-close',
  'session-expired',
  'silent',
  'malformed',
  'binary',
  'late-close',
  'response-failed',
  'rate-limit-exceeded',
];

/** A thousand short calls, each with its own bad luck and its own moment of hanging up: nothing may be left behind. */
export async function measureRandomFaults(tell: (line: string) => void, scale: number): Promise<PartReport> {
  const count = scaled(CALLS, scale);
  const random = new SeededRandom(SEED);
  const question = await abruptUtterance('Do you have time on Tuesday', 'rms');
  await using scene = await Scene.open({
    provider: { replies: [{ text: 'We do. At three or at five?', delayMs: 100 }], withoutLeadIn: true },
    config: { breaker: { failures: 1_000, openSeconds: 1 }, media: { bind: '127.0.0.1', portRestSeconds: 0 } },
    flavor: { greeting: 'Hello!', turnDetection: { type: 'server_vad', silenceDurationMs: 300 } },
    route: { onFailure: { retries: 1, replyTimeoutMs: 3_000, flavors: ['backup'] } },
    others: { backup: { use: 'echo', mode: 'turns' } },
  });
  const call = async (from: string): Promise<void> => {
    const caller = scene.caller({ from });
    // From the INVITE on: some hang up while it rings, some in the greeting, some in the middle of the answer.
    const hangUp = setTimeout(() => caller.hangUp(), random.integer(5_000));
    if (await caller.dial()) {
      await sleep(random.integer(800));
      await caller.say(question);
    }
    await caller.ended;
    clearTimeout(hangUp);
  };
  const calls = async (prefix: string, total: number): Promise<void> => {
    for (const name of faults) await scene.fail(name, { to: 'new', probability: PROBABILITY, when: 'speech' });
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < total) {
        const index = next;
        next += 1;
        if (index % 100 === 0) tell(`random faults: ${prefix} ${index} of ${total}`);
        await call(`${prefix}-${index}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await scene.recover();
    await sleep(SETTLED_MS);
  };
  await calls('before', scaled(CALLS_BEFORE, scale));
  const before = await scene.connector.resources();
  await calls('call', count);
  const after = await scene.connector.resources();
  const { openConnections } = await scene.account();
  const { unhandledRejections, uncaughtExceptions } = await scene.connector.troubles();
  const records = scene.connector.records().filter(({ from }) => from.startsWith('call-'));
  const callers = new Set(records.map(({ from }) => from));
  const heapPerCall = (after.heapBytes - before.heapBytes) / count;
  const ends = new Map<string, number>();
  for (const { cause } of records) ends.set(cause.text, (ends.get(cause.text) ?? 0) + 1);
  const failOvers = records.filter((record) => record.failOvers !== undefined).length;
  return {
    title: 'Random faults',
    lines: [
      `${count} calls, ${AT_ONCE} at once, seed ${SEED}; each connection gets each of ${faults.length} faults with ${100 * PROBABILITY} %; each`,
      'caller hangs up at a random moment within five seconds of dialling.',
      '',
      ...table(
        ['how calls ended', 'calls'],
        [...ends].map(([text, calls]) => [text, String(calls)]),
      ),
      '',
      `${failOvers} calls lost a session and got another.`,
      '',
      ...table(
        ['left behind', 'before', 'after'],
        [
          ['descriptors', String(before.descriptors), String(after.descriptors)],
          ['calls', String(before.calls), String(after.calls)],
          ['media ports open', String(before.mediaPorts.open), String(after.mediaPorts.open)],
          ['heap, MB', (before.heapBytes / 1e6).toFixed(1), (after.heapBytes / 1e6).toFixed(1)],
          ['active', JSON.stringify(before.active), JSON.stringify(after.active)],
        ],
      ),
    ],
    findings: [
      {
        goal: 'each call exactly one record',
        measured: `${records.length} records of ${callers.size} callers`,
        ok: records.length === count && callers.size === count,
      },
      { goal: 'no session open at the provider', measured: `${openConnections}`, ok: openConnections === 0 },
      {
        goal: 'descriptors and ports as before (tolerance 2)',
        measured: `${after.descriptors - before.descriptors}, ${after.mediaPorts.open} open`,
        ok: Math.abs(after.descriptors - before.descriptors) <= 2 && after.mediaPorts.open === 0 && after.calls === 0,
      },
      {
        goal: `heap within ${HEAP_GOAL_BYTES} bytes a call`,
        measured: `${Math.round(heapPerCall)} bytes`,
        ok: heapPerCall <= HEAP_GOAL_BYTES,
      },
      {
        goal: 'no unhandled rejection, no uncaught exception',
        measured: `${unhandledRejections.length + uncaughtExceptions.length}`,
        ok: unhandledRejections.length + uncaughtExceptions.length === 0,
      },
    ],
  };
}
