import { loadavg } from 'node:os';
import type { ConversationAccount } from '../lib/callers-api.js';
import type { ProviderAccount } from '../lib/provider-api.js';
import { type Finding, ms, type PartReport, scaled, table } from '../lib/report.js';
import { NUMBER, Scene } from '../lib/scene.js';
import { type Spread, spreadOf } from '../lib/statistics.js';
import { abruptUtterance } from '../lib/utterances.js';

/** What the connector may add to the provider's own delay, ms, by the jitter buffer's length. */
const GOALS_MS = { 40: { p50: 65, p95: 85 }, 20: { p50: 45, p95: 65 } } as const;

/** From the provider's receipt of the last voiced sample to its first audio: above the 300 ms its ear takes. */
const PROVIDER_DELAY_MS = 600;
const SILENCE_MS = 300;

const rounds = [
  { jitterMs: 40, appendMs: 20, calls: 1, turns: 60 },
  { jitterMs: 40, appendMs: 20, calls: 10, turns: 12 },
  { jitterMs: 40, appendMs: 20, calls: 25, turns: 8 },
  { jitterMs: 40, appendMs: 20, calls: 50, turns: 6 },
  { jitterMs: 40, appendMs: 20, calls: 100, turns: 5 },
  { jitterMs: 40, appendMs: 60, calls: 1, turns: 60 },
  { jitterMs: 40, appendMs: 60, calls: 100, turns: 5 },
  { jitterMs: 20, appendMs: 20, calls: 1, turns: 60 },
  { jitterMs: 20, appendMs: 20, calls: 50, turns: 6 },
  { jitterMs: 20, appendMs: undefined, calls: 1, turns: 60 },
  { jitterMs: 20, appendMs: undefined, calls: 50, turns: 6 },
] as const satisfies readonly Round[];

interface Round {
  readonly jitterMs: 20 | 40;
  /** Of all caller audio; `undefined`: as shipped. */
  readonly appendMs: number | undefined;
  readonly calls: number;
  readonly turns: number;
}

/** One answer, timed at three places. All in ms. */
interface TimedAnswer {
  /** At the connector's socket. */
  readonly v2vMs: number;
  /** At the caller's socket. */
  readonly callerMs: number | undefined;
  /** What the provider was told to take, and what it took, from its receipt of the last voiced sample. */
  readonly scriptedMs: number;
  readonly tookMs: number;
  /** From the provider's commit of the turn to the request for a response. */
  readonly requestMs: number;
}

interface RoundResult {
  readonly round: Round;
  readonly answers: readonly TimedAnswer[];
  readonly missing: number;
  /** Processor time per second of the round, percent of one core. */
  readonly cpu: { readonly connector: number; readonly provider: number; readonly callers: number };
  readonly load: number;
}

/** Latency that the connector adds to a provider whose delay is known, from one call to a hundred. */
export async function measureLatency(tell: (line: string) => void, scale: number): Promise<PartReport> {
  const results: RoundResult[] = [];
  for (const whole of rounds) {
    const round = { ...whole, turns: scaled(whole.turns, scale) };
    tell(
      `latency: ${round.calls} call(s), jitter buffer of ${round.jitterMs} ms, appends ${appendsOf(round)}, ${round.turns} turns each`,
    );
    results.push(await measure(round));
  }
  return {
    title: 'Latency added by the connector',
    lines: [
      'v2v at the connector’s socket, minus the delay that the provider was told to take from its receipt of the last',
      'voiced sample. Jitter buffer of a fixed length. `v2v`: both at the connector’s socket; `at the caller`: last voiced',
      'packet sent to first audible packet received, at the caller’s socket, minus the same delay. CPU: percent of a core.',
      '',
      ...table(
        [
          'calls, jitter buffer, append',
          'answers',
          'added p50',
          'p95',
          'p99',
          'max',
          'at the caller p50',
          'p95',
          'request p50',
        ],
        results.map(latencyRow),
      ),
      '',
      ...table(
        ['calls, jitter buffer, append', 'CPU connector', 'per call', 'provider', 'callers', 'load of the machine'],
        results.map(({ round, cpu, load }) => [
          nameOf(round),
          `${cpu.connector.toFixed(0)} %`,
          `${(cpu.connector / round.calls).toFixed(2)} %`,
          `${cpu.provider.toFixed(0)} %`,
          `${cpu.callers.toFixed(0)} %`,
          load.toFixed(1),
        ]),
      ),
    ],
    findings: results.filter(({ round }) => round.appendMs === 20 || round.jitterMs === 20).map(findingOf),
  };
}

async function measure(round: Round): Promise<RoundResult> {
  const { calls, turns, appendMs, jitterMs } = round;
  const spoken = ['Yes, of course we can do that.', 'No, that is all there is.', 'Are you sure about it?'];
  await using scene = await Scene.open({
    provider: {
      replies: spoken.map((text) => ({ text, delayMs: PROVIDER_DELAY_MS })),
      withoutLeadIn: true,
    },
    flavor: {
      ...(appendMs !== undefined && { appendMs }),
      greeting: 'Hello.',
      turnDetection: { type: 'server_vad', silenceDurationMs: SILENCE_MS },
    },
    config: { media: { bind: '127.0.0.1', jitter: { minMs: jitterMs, maxMs: jitterMs } } },
  });
  const utterances = [
    await abruptUtterance('I would like to know where my parcel is now', 'rms'),
    await abruptUtterance('And can you tell me when it will arrive', 'rms'),
  ];
  const cpuBefore = scene.cpuMs();
  const startedMs = performance.now();
  const accounts = await scene.callers.ask('converse', {
    port: scene.connector.sipPort,
    number: NUMBER,
    calls,
    apartMs: 60,
    turns,
    utterances,
    quietMs: 500,
    prefix: 'c',
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const cpuAfter = scene.cpuMs();
  const share = (part: keyof typeof cpuAfter): number => (cpuAfter[part] - cpuBefore[part]) / seconds / 10;
  const provider = await scene.account();
  const answers: TimedAnswer[] = [];
  for (const account of accounts) answers.push(...(await timedAnswers(scene, account, provider)));
  return {
    round,
    answers,
    missing: calls * turns - answers.length,
    cpu: { connector: share('connector'), provider: share('provider'), callers: share('callers') },
    load: loadavg()[0] ?? 0,
  };
}

/** The answers of one call: the connector's turns beside the provider's responses and the caller's own times. */
async function timedAnswers(
  scene: Scene,
  account: ConversationAccount,
  provider: ProviderAccount,
): Promise<readonly TimedAnswer[]> {
  const record = await scene.connector.recordOf(account.from);
  const turns = record.turns.flatMap(({ v2vMs }) => v2vMs ?? []);
  const sessionId = Object.entries(provider.callers).find(([, name]) => name === account.from)?.[0];
  const responses = provider.responses.filter(
    (response) => response.sessionId === sessionId && response.turn?.lastVoicedAtMs !== undefined,
  );
  // Where the three do not agree on how many answers there were, nobody knows which belong together.
  if (responses.length !== turns.length || account.turns.length !== turns.length) return [];
  return responses.flatMap((response, index): readonly TimedAnswer[] => {
    const { turn, dueAtMs, firstAudioAtMs, createdAtMs } = response;
    const [v2vMs, heard] = [turns[index], account.turns[index]];
    if (turn?.lastVoicedAtMs === undefined || turn.committedAtMs === undefined || v2vMs === undefined) return [];
    if (dueAtMs === undefined || firstAudioAtMs === undefined) return [];
    return [
      {
        v2vMs,
        callerMs: heard?.heardMs === undefined ? undefined : heard.heardMs - heard.lastVoicedMs,
        scriptedMs: dueAtMs - turn.lastVoicedAtMs,
        tookMs: firstAudioAtMs - turn.lastVoicedAtMs,
        requestMs: createdAtMs - turn.committedAtMs,
      },
    ];
  });
}

function addedOf(answers: readonly TimedAnswer[]): Spread {
  return spreadOf(answers.map(({ v2vMs, scriptedMs }) => v2vMs - scriptedMs));
}

function latencyRow({ round, answers, missing }: RoundResult): readonly string[] {
  const added = addedOf(answers);
  const caller = spreadOf(
    answers.flatMap(({ callerMs, scriptedMs }) => (callerMs === undefined ? [] : callerMs - scriptedMs)),
  );
  const request = spreadOf(answers.map(({ requestMs }) => requestMs));
  const count = missing > 0 ? `${answers.length} (${missing} missing)` : String(answers.length);
  return [
    nameOf(round),
    count,
    ...[added.p50, added.p95, added.p99, added.max, caller.p50, caller.p95, request.p50].map(ms),
  ];
}

function findingOf({ round, answers }: RoundResult): Finding {
  const added = addedOf(answers);
  const goalMs = GOALS_MS[round.jitterMs];
  return {
    goal: `${nameOf(round)}: p50 <= ${goalMs.p50} ms, p95 <= ${goalMs.p95} ms`,
    measured: `${ms(added.p50)} / ${ms(added.p95)} ms`,
    ok: added.p50 <= goalMs.p50 && added.p95 <= goalMs.p95,
  };
}

function nameOf({ calls, jitterMs, appendMs }: Round): string {
  return `${calls} ${calls === 1 ? 'call' : 'calls'}, ${jitterMs} ms, ${appendsOf({ appendMs })}`;
}

function appendsOf({ appendMs }: Pick<Round, 'appendMs'>): string {
  return appendMs === undefined ? 'as shipped' : `${appendMs} ms`;
}
