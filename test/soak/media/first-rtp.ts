import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CallersApi, ConversationAccount } from '../lib/callers-api.js';
import { Child } from '../lib/child.js';
import { ConnectorHost } from '../lib/connector-host.js';
import { type Finding, ms, type PartReport, scaled, table } from '../lib/report.js';
import { type Spread, spreadOf } from '../lib/statistics.js';
import type { ProbedCall } from './probe-flavor.js';

/** From the flavor's audio to the packet that holds its first sample: the wait for the next packet and nothing else, ms. */
const GOAL_P95_MS = 20;
/** What a hundred calls may add to the p95 of one, ms. */
const GOAL_GROWTH_MS = 5;
const NUMBER = '2000';

const rounds = [
  { calls: 1, sounds: 100 },
  { calls: 10, sounds: 30 },
  { calls: 50, sounds: 20 },
  { calls: 100, sounds: 15 },
] as const;

interface RoundResult {
  readonly calls: number;
  readonly sounds: number;
  readonly delays: Spread;
  readonly missing: number;
  readonly cpuPercent: number;
  readonly load: number;
}

/** How long a flavor's audio waits for its first packet. */
export async function measureFirstRtp(tell: (line: string) => void, scale: number): Promise<PartReport> {
  const results: RoundResult[] = [];
  for (const { calls, sounds } of rounds) {
    const each = scaled(sounds, scale);
    tell(`first-rtp: ${calls} call(s), ${each} sounds each`);
    results.push(await measure(calls, each));
  }
  const [one] = results;
  return {
    title: 'From a flavor’s audio to its first packet',
    lines: [
      'A flavor in the connector’s process says sounds at random moments; the caller, in another process, notes when the first audible',
      'packet came. The wait for the next packet alone is spread evenly over 0 to 20 ms. CPU: percent of a core.',
      '',
      ...table(
        ['calls', 'sounds', 'p50', 'p95', 'p99', 'max', 'CPU connector', 'load of the machine'],
        results.map(({ calls, sounds, delays, missing, cpuPercent, load }) => [
          String(calls),
          missing > 0 ? `${sounds} (${missing} missing)` : String(sounds),
          ...[delays.p50, delays.p95, delays.p99, delays.max].map(ms),
          `${cpuPercent.toFixed(0)} %`,
          load.toFixed(1),
        ]),
      ),
    ],
    findings: results.map(({ calls, delays, missing }): Finding => {
      const most = Math.min(GOAL_P95_MS, (one?.delays.p95 ?? 0) + GOAL_GROWTH_MS);
      return {
        goal: `${calls} calls: p95 <= ${GOAL_P95_MS} ms, and no more than ${GOAL_GROWTH_MS} ms above one call’s`,
        measured: `${ms(delays.p95)} ms`,
        ok: missing === 0 && Math.round(delays.p95) <= most,
      };
    }),
  };
}

async function measure(calls: number, sounds: number): Promise<RoundResult> {
  const directory = await mkdtemp(join(tmpdir(), 'voice-connector-soak-'));
  const file = join(directory, 'said.jsonl');
  try {
    await using connector = await ConnectorHost.start({
      config: {
        flavors: { probe: { use: fileURLToPath(new URL('probe-flavor.js', import.meta.url)), file, sounds } },
        routes: [{ match: { to: NUMBER }, flavor: 'probe' }],
      },
    });
    await using callers = Child.start<CallersApi>(new URL('../lib/callers-child.js', import.meta.url));
    const [cpuMs, sinceMs] = [connector.cpuMs(), performance.now()];
    const accounts = await callers.ask('converse', {
      port: connector.sipPort,
      number: NUMBER,
      calls,
      apartMs: 60,
      turns: 0,
      utterances: [],
      quietMs: 2_500,
      patienceMs: 300_000,
      prefix: 'probe',
    });
    const cpuPercent = (100 * (connector.cpuMs() - cpuMs)) / (performance.now() - sinceMs);
    for (const { from } of accounts) await connector.recordOf(from);
    const said: readonly ProbedCall[] = (await readFile(file, 'utf8')).trim().split('\n').map(asProbed);
    const delays = said.flatMap((call) => delaysOf(call, accounts));
    const total = calls * sounds;
    return {
      calls,
      sounds: total,
      delays: spreadOf(delays),
      missing: total - delays.length,
      cpuPercent,
      load: loadavg()[0] ?? 0,
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function asProbed(line: string): ProbedCall {
  return JSON.parse(line);
}

/** The clocks of two processes are set against each other to so much, ms. */
const CLOCKS_MS = 2;

/** The sounds of one call, as they were said beside as they were heard. */
function delaysOf({ from, saidAtMs }: ProbedCall, accounts: readonly ConversationAccount[]): readonly number[] {
  const stretches = accounts.find((account) => account.from === from)?.stretches ?? [];
  return saidAtMs.flatMap((atMs, index) => {
    const heard = stretches.find(({ startMs }) => startMs >= atMs - CLOCKS_MS);
    const next = saidAtMs[index + 1] ?? Number.POSITIVE_INFINITY;
    return heard === undefined || heard.startMs >= next ? [] : [heard.startMs - atMs];
  });
}
