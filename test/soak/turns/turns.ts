import {
  type CallerSound,
  type CorpusPart,
  callerSounds,
  corpusSnrsDb,
  type SoundKind,
  soundKinds,
} from '../../support/caller-corpus.js';
import { type Finding, type Measure, ms, percent, scaled, table } from '../lib/report.js';
import { percentile, spreadOf } from '../lib/statistics.js';
import { agentText } from './agent-text.js';
import { isInterruption, type Overlap, overlap, type TranscriberKind, transcriberKinds } from './overlap.js';

/** Sounds of each kind at each signal-to-noise ratio. */
const SOUNDS = 50;

const PAUSE_GOAL_MS = 150;
const SILENCE_GOAL_MS = 20;
const RESUMED_GOAL = 0.95;
const CONFIRMED_GOAL = 0.98;

const knows: Record<TranscriberKind, string> = {
  none: 'nothing of the words',
  final: 'the words of a turn 0.9 to 1.5 s after it',
  interim: 'words 0.25 to 0.45 s after each',
};

/** What becomes of callers' sounds over the agent's speech: real detector, real turn-taking, simulated time. */
export const measureTurns: Measure = async (tell, scale) => {
  const sounds = await corpus('test', scaled(SOUNDS, scale));
  const agent = await agentText();
  const found = new Map<TranscriberKind, Overlap[]>();
  for (const transcriber of transcriberKinds) {
    tell(`turns: ${sounds.length} sounds, the host knows ${knows[transcriber]}`);
    const overlaps: Overlap[] = [];
    for (const sound of sounds) overlaps.push(await overlap(sound, agent, transcriber));
    found.set(transcriber, overlaps);
  }
  const all = [...found.values()].flat();
  return {
    title: 'Turn-taking on the synthetic caller corpus, test seeds',
    lines: [
      `${sounds.length} sounds over the agent's speech: ${soundKinds.join(', ')}; at ${corpusSnrsDb.join(', ')} dB over noise. Onset: arrival`,
      'of the packet in which the sound begins to be audible. The pause contains the jitter buffer (40 ms).',
      '',
      ...pauseTable(found.get('none') ?? []),
      '',
      ...outcomeTable(found),
    ],
    findings: [
      ...pauseFindings(all),
      ...transcriberKinds.flatMap((kind) => outcomeFindings(kind, found.get(kind) ?? [])),
    ],
  };
};

/** All kinds at all ratios, `count` of each. */
export async function corpus(part: CorpusPart, count: number): Promise<readonly CallerSound[]> {
  const sounds: CallerSound[] = [];
  for (const kind of soundKinds) {
    for (const snrDb of corpusSnrsDb) sounds.push(...(await callerSounds(part, kind, snrDb, count)));
  }
  return sounds;
}

/** The agent went on, and lost no more than the word it was in the middle of. */
export function goesOn({ confirmedAfterMs, wordsLost }: Overlap): boolean {
  return confirmedAfterMs === undefined && wordsLost <= 1;
}

/** From onset to pause, of everything that is speech. */
export function pausesOf(overlaps: readonly Overlap[]): readonly number[] {
  return overlaps.flatMap(({ sound, onsetToPauseMs }) =>
    sound.kind === 'cough' ? [] : (onsetToPauseMs ?? Number.POSITIVE_INFINITY),
  );
}

function pauseTable(overlaps: readonly Overlap[]): readonly string[] {
  const row = (name: string, some: readonly Overlap[]): readonly string[] => {
    const { p50, p95, max } = spreadOf(some.flatMap(({ onsetToPauseMs }) => onsetToPauseMs ?? []));
    const paused = some.filter(({ onsetToPauseMs }) => onsetToPauseMs !== undefined).length;
    return [name, percent(paused, some.length), ms(p50), ms(p95), ms(max)];
  };
  const rows = soundKinds.flatMap((kind) =>
    corpusSnrsDb.map((snrDb) =>
      row(
        `${kind}, ${snrDb} dB`,
        overlaps.filter(({ sound }) => sound.kind === kind && sound.snrDb === snrDb),
      ),
    ),
  );
  return table(['sound', 'paused', 'onset to pause p50', 'p95', 'max'], rows);
}

function outcomeTable(found: ReadonlyMap<TranscriberKind, readonly Overlap[]>): readonly string[] {
  const rows = transcriberKinds.flatMap((transcriber) =>
    soundKinds.map((kind) =>
      outcomeRow(
        kind,
        transcriber,
        (found.get(transcriber) ?? []).filter(({ sound }) => sound.kind === kind),
      ),
    ),
  );
  return table(
    ['sound; the host knows', 'confirmed', 'after p50', 'p95', 'went on', '<= 1 word lost', 'paused p50', 'p95'],
    rows,
  );
}

function outcomeRow(kind: SoundKind, transcriber: TranscriberKind, some: readonly Overlap[]): readonly string[] {
  const confirmed = some.flatMap(({ confirmedAfterMs }) => confirmedAfterMs ?? []);
  const wentOn = some.filter(({ confirmedAfterMs }) => confirmedAfterMs === undefined);
  const paused = wentOn.flatMap(({ pausedMs }) => (pausedMs > 0 ? pausedMs : []));
  return [
    `${kind}; ${knows[transcriber]}`,
    percent(confirmed.length, some.length),
    ms(percentile(confirmed, 0.5)),
    ms(percentile(confirmed, 0.95)),
    percent(wentOn.length, some.length),
    percent(some.filter(goesOn).length, some.length),
    ms(percentile(paused, 0.5)),
    ms(percentile(paused, 0.95)),
  ];
}

function pauseFindings(all: readonly Overlap[]): readonly Finding[] {
  const pauses = spreadOf(pausesOf(all));
  const silences = spreadOf(all.flatMap(({ decisionToSilenceMs }) => decisionToSilenceMs ?? []));
  return [
    {
      goal: `onset to pause <= ${PAUSE_GOAL_MS} ms p95, all speech`,
      measured: `p50 ${ms(pauses.p50)}, p95 ${ms(pauses.p95)}, max ${ms(pauses.max)} ms (${pauses.count})`,
      ok: pauses.p95 <= PAUSE_GOAL_MS,
    },
    {
      goal: `decision to silence <= ${SILENCE_GOAL_MS} ms p99, at simulated time`,
      measured: `p99 ${ms(silences.p99)} ms (${silences.count})`,
      ok: silences.p99 <= SILENCE_GOAL_MS,
    },
  ];
}

function outcomeFindings(transcriber: TranscriberKind, overlaps: readonly Overlap[]): readonly Finding[] {
  const others = overlaps.filter(({ sound }) => !isInterruption(sound));
  // One word alone is as short as a back-channel: nobody can tell by length.
  const wanted = overlaps.filter(
    ({ sound }) => isInterruption(sound) && (transcriber !== 'none' || sound.kind === 'phrase'),
  );
  const kept = others.filter(goesOn).length;
  const confirmed = wanted.filter(({ confirmedAfterMs }) => confirmedAfterMs !== undefined).length;
  return [
    {
      goal: `coughs and back-channels: the agent goes on, <= 1 word lost, in >= 95 %; ${knows[transcriber]}`,
      measured: `${percent(kept, others.length)} (${kept} of ${others.length})`,
      ok: kept >= RESUMED_GOAL * others.length,
    },
    {
      goal: `interruptions${transcriber === 'none' ? ' of several words' : ''} confirmed in >= 98 %; ${knows[transcriber]}`,
      measured: `${percent(confirmed, wanted.length)} (${confirmed} of ${wanted.length})`,
      ok: confirmed >= CONFIRMED_GOAL * wanted.length,
    },
  ];
}
