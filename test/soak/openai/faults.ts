import { setTimeout as sleep } from 'node:timers/promises';
import type { CallRecord } from '../../../src/ops/call-record.js';
import type { FaultName, FaultOptions } from '../../fakes/openai-realtime/index.js';
import type { Caller } from '../lib/caller.js';
import { Child } from '../lib/child.js';
import type { ProviderApi, ProviderSetup } from '../lib/provider-api.js';
import { ms, type PartReport, table } from '../lib/report.js';
import { Scene } from '../lib/scene.js';
import { abruptUtterance } from '../lib/utterances.js';

const GREETING = 'Good morning, how can I help you?';
const ANSWER =
  'With pleasure. We have Tuesday at three, or Thursday at ten in the morning. Which of them would suit you?';
const GOAL_MS = 1_500;
/** A stretch of the agent's that is shorter was cut off: the answer takes five seconds. */
const CUT_OFF_MS = 2_500;
const PATIENCE_MS = 40_000;
/** Lines of a call that the table shows. */
const MOST_LINES = 3;

/** A fault, and the moment at which it begins. It lasts to the end of the call. */
interface Case {
  readonly fault: FaultName;
  readonly options?: Partial<FaultOptions>;
}

/** While the phone rings: what becomes of the INVITE. */
const ringing: readonly Case[] = [
  { fault: 'connect-refused' },
  { fault: 'connect-hang' },
  { fault: 'upgrade-401' },
  { fault: 'upgrade-429' },
  { fault: 'upgrade-500' },
  { fault: 'upgrade-503' },
  { fault: 'invalid-api-key', options: { to: 'new' } },
  { fault: 'silent', options: { to: 'new' } },
  { fault: 'trickle', options: { to: 'new' } },
  { fault: 'slow-session', options: { to: 'new' } },
];

/** After the greeting, before the caller speaks. */
const talking: readonly Case[] = [
  { fault: 'close-1000', options: { when: 'idle' } },
  { fault: 'close-1006', options: { when: 'idle' } },
  { fault: 'close-1011', options: { when: 'idle' } },
  { fault: 'close-1000' },
  { fault: 'close-1006' },
  { fault: 'close-1011' },
  { fault: 'error-close' },
  { fault: 'error-continue' },
  { fault: 'session-expired' },
  { fault: 'invalid-api-key' },
  { fault: 'silent' },
  { fault: 'fall-silent' },
  { fault: 'trickle' },
  { fault: 'slow-audio' },
  { fault: 'malformed' },
  { fault: 'binary' },
  { fault: 'oversized' },
  { fault: 'wrong-order' },
  { fault: 'audio-flood' },
  { fault: 'duplicate-audio' },
  { fault: 'late-deltas' },
  { fault: 'late-close' },
  { fault: 'insufficient-quota' },
  { fault: 'rate-limit-exceeded' },
  { fault: 'response-failed' },
];

/** What one call with a fault was like. */
interface FaultyCall {
  readonly name: string;
  /** Longest the caller heard nothing while something was owed to them, ms; `undefined`: nothing came at all. */
  readonly silentMs: number | undefined;
  readonly said: string;
  readonly end: string;
  readonly endedAfterMs: number | undefined;
  readonly openConnections: number;
  readonly records: number;
}

/** Every fault of `reliability.md` P2 that the fake knows: what the caller heard, when, and how the call ended. */
export async function measureFaults(tell: (line: string) => void): Promise<PartReport> {
  const onFailure = { replyTimeoutMs: 6_000 };
  const [alone, failOver] = await Promise.all([
    faultyCalls(tell, 'alone', { onFailure }),
    faultyCalls(tell, 'with another flavor', { onFailure: { ...onFailure, flavors: ['backup'] } }),
  ]);
  const calls = [...alone.talking, ...failOver.talking];
  const late = calls.filter(({ silentMs }) => silentMs === undefined || silentMs > GOAL_MS);
  const all = [...alone.ringing, ...failOver.ringing, ...calls];
  const open = all.filter(({ openConnections }) => openConnections > 0);
  const troubles = [...alone.troubles, ...failOver.troubles];
  return {
    title: 'Faults of the provider',
    lines: [
      'While the phone rings, nobody else to ask: what the caller is told.',
      '',
      ...rows(alone.ringing),
      '',
      'The same, with another flavor to fall back on.',
      '',
      ...rows(failOver.ringing),
      '',
      'After the greeting, nobody else to ask. Silent: the longest wait between the last word of the caller, or the moment the',
      'answer broke off, and the next sound.',
      '',
      ...rows(alone.talking),
      '',
      'The same, with another flavor.',
      '',
      ...rows(failOver.talking),
    ],
    findings: [
      {
        goal: `something is heard within ${GOAL_MS} ms in every fault during the talk (${calls.length} calls)`,
        measured: late.length === 0 ? 'all' : late.map(({ name, silentMs }) => `${name} ${ms(silentMs)}`).join(', '),
        ok: late.length === 0,
      },
      {
        goal: 'no session is left open at the provider',
        measured: open.length === 0 ? 'none' : open.map(({ name }) => name).join(', '),
        ok: open.length === 0,
      },
      {
        goal: 'one record for each call',
        measured: `${all.filter(({ records }) => records === 1).length} of ${all.length}`,
        ok: all.every(({ records }) => records === 1),
      },
      {
        goal: 'no unhandled rejection, no uncaught exception',
        measured: troubles.length === 0 ? 'none' : troubles.join('; '),
        ok: troubles.length === 0,
      },
    ],
  };
}

async function faultyCalls(
  tell: (line: string) => void,
  how: string,
  route: Readonly<Record<string, unknown>>,
): Promise<{
  readonly ringing: readonly FaultyCall[];
  readonly talking: readonly FaultyCall[];
  readonly troubles: readonly string[];
}> {
  const question = await abruptUtterance('I would like to book a haircut for next week', 'rms');
  // Another flavor has another provider, which is well.
  await using healthy = Child.start<ProviderApi>(new URL('../lib/provider-child.js', import.meta.url));
  const provider: ProviderSetup = { replies: [{ text: ANSWER, delayMs: 500 }], withoutLeadIn: true };
  const { url } = await healthy.ask('start', provider);
  await using scene = await Scene.open({
    provider,
    // The breaker has a test of its own: here every call is to meet its fault.
    config: { breaker: { failures: 1_000, openSeconds: 1 } },
    flavor: { greeting: GREETING },
    route,
    others: { backup: { use: 'openai-realtime', url, apiKey: 'key-of-a-measurement', greeting: GREETING } },
  });
  // The first call of a process is slower than any other.
  await talk(scene, 'warm-up', question, undefined);
  const results = { ringing: [] as FaultyCall[], talking: [] as FaultyCall[] };
  for (const [index, each] of ringing.entries()) {
    tell(`faults, ${how}: ${each.fault} while it rings`);
    await scene.fail(each.fault, each.options);
    results.ringing.push(await account(scene, each, await talk(scene, `r-${index}`, question, undefined)));
  }
  for (const [index, each] of talking.entries()) {
    tell(`faults, ${how}: ${each.fault} during the talk`);
    results.talking.push(await account(scene, each, await talk(scene, `t-${index}`, question, each)));
  }
  const { unhandledRejections, uncaughtExceptions } = await scene.connector.troubles();
  return { ...results, troubles: [...unhandledRejections, ...uncaughtExceptions] };
}

/** Greeted, the caller asks and waits until the answer, or whatever comes in its place, is over. */
async function talk(scene: Scene, from: string, question: Int16Array, fault: Case | undefined): Promise<Talk> {
  const caller = scene.caller({ from });
  const dialledMs = performance.now();
  const answered = await caller.dial();
  const setupMs = performance.now() - dialledMs;
  if (!answered) return { from, caller, setupMs, askedMs: undefined };
  await caller.untilHeard(0, PATIENCE_MS);
  await caller.untilQuiet(800, PATIENCE_MS);
  if (fault) await scene.fail(fault.fault, fault.options);
  const { lastVoicedMs } = await caller.say(question);
  await caller.untilHeard(lastVoicedMs, PATIENCE_MS);
  // What takes longer than the host waits for a reply has been given up, and made good or apologised for.
  await caller.untilQuiet(7_500, PATIENCE_MS);
  caller.hangUp();
  await caller.ended;
  return { from, caller, setupMs, askedMs: lastVoicedMs };
}

interface Talk {
  readonly from: string;
  readonly caller: Caller;
  readonly setupMs: number;
  /** The caller's last voiced packet; `undefined`: the call was never answered. */
  readonly askedMs: number | undefined;
}

async function account(
  scene: Scene,
  { fault, options }: Case,
  { from, caller, setupMs, askedMs }: Talk,
): Promise<FaultyCall> {
  await scene.recover();
  const record = await scene.connector.recordOf(from);
  let { openConnections } = await scene.account();
  for (let tries = 0; openConnections > 0 && tries < 20; tries += 1) {
    await sleep(100);
    ({ openConnections } = await scene.account());
  }
  return {
    name: options?.when === 'idle' ? `${fault}, idle` : fault,
    silentMs: askedMs === undefined ? undefined : longestSilence(caller, askedMs, saidBy(record)),
    said: saidBy(record),
    end: endOf(record),
    endedAfterMs: askedMs === undefined ? setupMs : caller.endedMs === undefined ? undefined : caller.endedMs - askedMs,
    openConnections,
    records: scene.connector.recordsOf(from).length,
  };
}

/**
 * Until the first sound, and where that was the beginning of an answer that broke off, until the next one. `undefined`:
 * nothing was heard; `NaN`: the call was over before the caller had finished.
 */
function longestSilence(caller: Caller, askedMs: number, said: string): number | undefined {
  if (Number.isNaN(askedMs) || (caller.endedMs ?? Number.POSITIVE_INFINITY) < askedMs) return Number.NaN;
  const [first, second] = caller.stretches.filter(({ endMs }) => endMs > askedMs);
  if (!first) return undefined;
  const untilFirst = Math.max(0, first.startMs - askedMs);
  const brokeOff = ANSWER.startsWith(said.split(' ')[0] ?? '') && first.endMs - first.startMs < CUT_OFF_MS;
  return brokeOff && second ? Math.max(untilFirst, second.startMs - first.endMs) : untilFirst;
}

/** Beginnings of what was heard after the greeting. */
function saidBy({ transcript = [] }: CallRecord): string {
  const lines = transcript
    .filter(({ role }) => role === 'agent')
    .map(({ text }) => text.split(' ').slice(0, 3).join(' '));
  const said = lines.filter((line) => !GREETING.startsWith(line));
  const shown = said.length > MOST_LINES ? [...said.slice(0, MOST_LINES), `${said.length - MOST_LINES} more`] : said;
  return shown.join(' … ') || '–';
}

function endOf({ cause, endedBy, error, failOvers }: CallRecord): string {
  const why = error === null ? '' : `, ${error.code}`;
  const over = failOvers ? `, ${failOvers.length} made good` : '';
  return `${cause.sip} ${cause.text} by ${endedBy}${why}${over}`;
}

function rows(calls: readonly FaultyCall[]): readonly string[] {
  return table(
    ['fault', 'silent ms', 'heard', 'after ms', 'ended'],
    calls.map(({ name, silentMs, said, endedAfterMs, end }) => [name, ms(silentMs), said, ms(endedAfterMs), end]),
  );
}
