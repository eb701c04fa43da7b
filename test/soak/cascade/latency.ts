import { loadavg } from 'node:os';
import { type Finding, type Measure, ms, percent, scaled, table } from '../lib/report.js';
import { NUMBER } from '../lib/scene.js';
import { type Spread, spreadOf } from '../lib/statistics.js';
import { abruptUtterance, pausingUtterance } from '../lib/utterances.js';
import type { CascadeProviderSetup } from './provider-api.js';
import { callerTexts, quickProviders, RESUMED_AFTER_MS, reportedProviders, resumedText } from './providers.js';
import { CascadeScene, type CascadeSceneOptions } from './scene.js';
import { type TimedAnswer, timedAnswers } from './timing.js';

/** What the connector may add to the delays of its providers, ms. */
const ADDED_GOAL_MS = { p50: 60, p95: 90 } as const;
/** With the delays that providers are reported to have, ms. */
const WHOLE_GOAL_MS = { p50: 800, p95: 1_200, gain: 100 } as const;

/** Calls at once, and turns of each. */
const rounds = [
  [1, 40],
  [10, 12],
  [50, 6],
] as const;

interface Round {
  readonly name: string;
  readonly calls: number;
  readonly turns: number;
  readonly scene: CascadeSceneOptions;
  /** Every third turn is one whose caller goes on after a pause. */
  readonly resumed?: boolean;
}

interface RoundResult {
  readonly name: string;
  readonly calls: number;
  readonly v2v: Spread;
  readonly timed: readonly TimedAnswer[];
  readonly answers: number;
  readonly missing: number;
  readonly requests: number;
  /** Requests that were given up before their answer was told to anybody. */
  readonly inVain: number;
  readonly hits: number;
  readonly cpuPercent: number;
  readonly load: number;
}

/** Latency that the connector adds to a cascade whose providers' delays are known. */
export const measureCascadeLatency: Measure = async (tell, scale) => {
  const results: RoundResult[] = [];
  for (const [calls, turns] of rounds) {
    tell(`cascade-latency: ${calls} call(s)`);
    results.push(await measure({ name: `${calls}`, calls, turns: scaled(turns, scale), scene: quickScene }));
  }
  return {
    title: 'Latency added to a cascade',
    lines: [
      `v2v at the connector’s socket, minus what its providers took: ${quickProviders.endSilenceMs} ms of silence that end a turn, as it was scripted;`,
      `90 to 110 ms from a text to its first audio and whatever they took to tell and to think, as their own clocks had it.`,
      'Jitter buffer as shipped, caller audio in pieces of 20 ms. `at the caller`: the same at the caller’s socket. Where it',
      'goes, p50 / p95: `up` from the caller’s last packet to the recogniser, `ask` from its end of turn to the model, `say` from',
      'the first token to the voice, `down` from its first audio to the caller.',
      '',
      ...table(
        ['calls', 'answers', 'added p50', 'p95', 'p99', 'max', 'at the caller p50', 'p95', 'CPU a call', 'load'],
        results.map((result) => {
          const { calls, answers, missing, timed, cpuPercent, load } = result;
          const [added, atCaller] = [addedOf(timed), spreadOf(timed.map(({ callerMs, tookMs }) => callerMs - tookMs))];
          return [
            String(calls),
            missing > 0 ? `${answers} (${missing} missing)` : String(answers),
            ...[added.p50, added.p95, added.p99, added.max, atCaller.p50, atCaller.p95].map(ms),
            `${(cpuPercent / calls).toFixed(2)} %`,
            load.toFixed(1),
          ];
        }),
      ),
      '',
      ...table(
        ['calls', 'timed', 'up', 'ask', 'say', 'down', 'providers took'],
        results.map(({ calls, timed }) => [
          String(calls),
          String(timed.length),
          ...(['up', 'ask', 'say', 'down', 'tookMs'] as const).map((part) => {
            const { p50, p95 } = spreadOf(timed.map((answer) => answer[part]));
            return `${ms(p50)} / ${ms(p95)}`;
          }),
        ]),
      ),
    ],
    findings: results.map(({ calls, timed }): Finding => {
      const { p50, p95 } = addedOf(timed);
      return {
        goal: `${calls} calls: p50 <= ${ADDED_GOAL_MS.p50} ms, p95 <= ${ADDED_GOAL_MS.p95} ms`,
        measured: `${ms(p50)} / ${ms(p95)} ms`,
        ok: p50 <= ADDED_GOAL_MS.p50 && p95 <= ADDED_GOAL_MS.p95,
      };
    }),
  };
};

function addedOf(timed: readonly TimedAnswer[]): Spread {
  return spreadOf(timed.map(({ v2vMs, tookMs }) => v2vMs - tookMs));
}

/** The whole delay of an answer with providers that are as fast as reported: as shipped, without an eager start, in small pieces. */
export const measureCascadeEager: Measure = async (tell, scale) => {
  const results: RoundResult[] = [];
  const turns = scaled(15, scale);
  const every = [...reportedProviders.lines, resumedText];
  const provider = { ...reportedProviders, lines: Array.from({ length: turns }, (_, turn) => every[turn % 3] ?? '') };
  for (const { name, ...scene } of eagerRounds(provider)) {
    tell(`cascade-eager: ${name}`);
    results.push(await measure({ name, calls: 4, turns, scene, resumed: true }));
  }
  const [on, off] = results;
  if (!off || !on) throw new Error('nothing was measured');
  const gainMs = off.v2v.p50 - on.v2v.p50;
  return {
    title: 'Voice to voice with the delays that providers are reported to have',
    lines: [
      'In every third turn the caller goes on after a pause that ends a turn probably and not certainly. `requests`: to the model',
      'for an answer; `in vain`: of them those that were taken back; `begun early`: answers that were, on all of the caller’s words.',
      '',
      ...table(
        ['', 'answers', 'v2v p50', 'p95', 'max', 'requests', 'in vain', 'begun early', 'load'],
        results.map(({ name, answers, v2v, requests, inVain, hits, load }) => [
          name,
          String(answers),
          ms(v2v.p50),
          ms(v2v.p95),
          ms(v2v.max),
          (requests / answers).toFixed(2),
          percent(inVain, requests),
          name === 'without' ? '–' : percent(hits, answers),
          load.toFixed(1),
        ]),
      ),
    ],
    findings: [
      {
        goal: `as by default: p50 <= ${WHOLE_GOAL_MS.p50} ms, p95 <= ${WHOLE_GOAL_MS.p95} ms`,
        measured: `${ms(on.v2v.p50)} / ${ms(on.v2v.p95)} ms; without an eager start ${ms(off.v2v.p50)} / ${ms(off.v2v.p95)} ms`,
        ok: on.v2v.p50 <= WHOLE_GOAL_MS.p50 && on.v2v.p95 <= WHOLE_GOAL_MS.p95,
      },
      {
        goal: `an eager start gains >= ${WHOLE_GOAL_MS.gain} ms`,
        measured: `${ms(gainMs)} ms`,
        ok: gainMs >= WHOLE_GOAL_MS.gain,
      },
      {
        goal: 'every turn is answered once, those gone on with too',
        measured: `${on.answers} and ${off.answers} of ${on.calls * turns}`,
        ok: on.missing === 0 && off.missing === 0,
      },
    ],
  };
};

const quickScene: CascadeSceneOptions = {
  provider: quickProviders,
  flavor: { greeting: 'Hello.', turns: { eager: false } },
  stt: { model: 'flux-general-en', chunkMs: 20, eagerEotThreshold: null },
};

function eagerRounds(provider: CascadeProviderSetup): readonly (CascadeSceneOptions & { readonly name: string })[] {
  const flux = { model: 'flux-general-en' };
  const flavor = { greeting: 'Hello.' };
  return [
    { name: 'as by default', provider, flavor, stt: flux },
    {
      ...{ name: 'without', provider, flavor: { ...flavor, turns: { eager: false } } },
      stt: { ...flux, eagerEotThreshold: null },
    },
    { name: 'in pieces of 20 ms', provider, flavor, stt: { ...flux, chunkMs: 20 } },
  ];
}

async function measure({ name, calls, turns, scene: options, resumed = false }: Round): Promise<RoundResult> {
  await using scene = await CascadeScene.open(options);
  const utterances = await Promise.all([
    ...callerTexts.map((text) => abruptUtterance(text, 'rms')),
    ...(resumed ? [pausingUtterance(resumedText, RESUMED_AFTER_MS, 'rms')] : []),
  ]);
  const cpuBefore = scene.cpuMs().connector;
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
  const cpuPercent = (scene.cpuMs().connector - cpuBefore) / seconds / 10;
  const provider = await scene.account();
  const v2v: number[] = [];
  const timed: TimedAnswer[] = [];
  let hits = 0;
  for (const account of accounts) {
    const record = await scene.connector.recordOf(account.from);
    const answered = record.turns.filter(({ v2vMs }) => v2vMs !== undefined && v2vMs !== null);
    hits += record.turns.filter(({ stages }) => stages?.speculative === 'hit').length;
    v2v.push(...answered.flatMap(({ v2vMs }) => v2vMs ?? []));
    timed.push(...timedAnswers(record, account, provider, options.provider));
  }
  return {
    name,
    calls,
    v2v: spreadOf(v2v),
    timed,
    answers: v2v.length,
    missing: calls * turns - v2v.length,
    requests: provider.requests.length,
    inVain: provider.requests.filter(({ aborted }) => aborted).length,
    hits,
    cpuPercent,
    load: loadavg()[0] ?? 0,
  };
}
