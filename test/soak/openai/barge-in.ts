import { setTimeout as sleep } from 'node:timers/promises';
import type { BargeInRecord, CallRecord } from '../../../src/ops/call-record.js';
import { type CallerSound, callerSounds, corpusSnrsDb, type SoundKind } from '../../support/caller-corpus.js';
import { toMachineTime } from '../lib/monotonic.js';
import { ms, type PartReport, percent, scaled, table } from '../lib/report.js';
import { Scene } from '../lib/scene.js';
import { spreadOf } from '../lib/statistics.js';
import { longTexts } from './texts.js';

/** Of each kind at each signal-to-noise ratio. */
const SOUNDS = 20;
const CALLS_AT_ONCE = 6;
const PATIENCE_MS = 20_000;
/** A barge-in belongs to a sound if its onset lies so close around it, ms. */
const BEFORE_MS = 300;
const AFTER_MS = 700;

const kinds: readonly { readonly kind: SoundKind; readonly interrupts: boolean; readonly goal: number }[] = [
  { kind: 'phrase', interrupts: true, goal: 0.98 },
  { kind: 'back-channel', interrupts: false, goal: 0.95 },
  { kind: 'cough', interrupts: false, goal: 0.95 },
];

/** One sound of a caller over the agent's speech, and what came of it. */
interface Outcome {
  readonly sound: CallerSound;
  readonly bargeIns: readonly BargeInRecord[];
  /** The agent was speaking when the sound began. */
  readonly spokenOver: boolean;
}

/** Callers who interrupt, agree or cough while the agent speaks: whole calls, real time, sounds of the test part alone. */
export async function measureBargeIn(tell: (line: string) => void, scale: number): Promise<PartReport> {
  const sounds: CallerSound[] = [];
  for (const { kind } of kinds) {
    for (const snrDb of corpusSnrsDb) sounds.push(...(await callerSounds('test', kind, snrDb, scaled(SOUNDS, scale))));
  }
  await using scene = await Scene.open({
    provider: { replies: longTexts.map((text) => ({ text, delayMs: 300 })) },
    flavor: { greeting: longTexts[0], turnDetection: { type: 'server_vad', silenceDurationMs: 300 } },
  });
  const outcomes: Outcome[] = [];
  const waiting = sounds.entries();
  const worker = async (): Promise<void> => {
    for (const [index, sound] of waiting) {
      if (index % 30 === 0) tell(`barge-in: sound ${index} of ${sounds.length}`);
      outcomes.push(await outcomeOf(scene, `b-${index}`, sound));
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, worker));
  const heard = outcomes.filter(({ spokenOver }) => spokenOver);
  // The first: a phrase that was taken for nothing and understood later has one more, which the words caused.
  const real = heard.filter(({ sound }) => sound.kind === 'phrase').flatMap(({ bargeIns }) => bargeIns.slice(0, 1));
  const silence = spreadOf(heard.flatMap(({ bargeIns }) => bargeIns.map((each) => each.decisionToSilenceMs)));
  const pause = spreadOf(real.map((each) => each.onsetToPauseMs));
  return {
    title: 'Barge-in',
    lines: [
      `Synthetic callers, test seeds, one sound a call while the agent speaks; ${outcomes.length - heard.length} sounds came when it did not and do`,
      'not count. The provider transcribes whole turns, after their end.',
      '',
      ...table(
        ['sound', 'SNR dB', 'sounds', 'interrupted', 'of these by late words', 'paused and resumed', 'not even paused'],
        kinds.flatMap(({ kind }) => corpusSnrsDb.map((snrDb) => row(kind, snrDb, heard))),
      ),
      '',
      ...table(
        ['ms', 'n', 'p50', 'p95', 'p99', 'max'],
        [
          ['onset to pause, interruptions', ...figures(pause)],
          ['decision to silence', ...figures(silence)],
        ],
      ),
    ],
    findings: [
      { goal: 'decision to silence p99 <= 20 ms', measured: `${ms(silence.p99)} ms`, ok: silence.p99 <= 20 },
      { goal: 'onset to pause p95 <= 150 ms', measured: `${ms(pause.p95)} ms`, ok: pause.p95 <= 150 },
      ...kinds.map(({ kind, interrupts, goal }) => {
        const ofKind = heard.filter(({ sound }) => sound.kind === kind);
        const right = ofKind.filter((outcome) => interrupted(outcome) === interrupts).length;
        return {
          goal: `${kind}: ${interrupts ? 'confirmed' : 'the agent goes on'} in >= ${100 * goal} %`,
          measured: `${right} of ${ofKind.length} (${percent(right, ofKind.length)})`,
          ok: right >= goal * ofKind.length,
        };
      }),
    ],
  };
}

/** The caller makes the sound in the middle of the greeting, which is long. */
async function outcomeOf(scene: Scene, from: string, sound: CallerSound): Promise<Outcome> {
  const caller = scene.caller({ from });
  if (!(await caller.dial())) throw new Error(`${from} was not answered`);
  await caller.untilHeard(0, PATIENCE_MS);
  await sleep(500);
  const startedMs = toMachineTime(performance.now());
  await caller.say(sound.samples);
  caller.hangUp();
  await caller.ended;
  const record = await scene.connector.recordOf(from);
  const onsetMs = startedMs + sound.onsetMs - (caller.answeredMs ?? startedMs);
  return { sound, bargeIns: around(record, onsetMs, sound), spokenOver: speaksAt(record, onsetMs) };
}

function around({ bargeIns }: CallRecord, onsetMs: number, { onsetMs: fromMs, endMs }: CallerSound): BargeInRecord[] {
  const untilMs = onsetMs + (endMs - fromMs) + AFTER_MS;
  return bargeIns.filter((each) => each.onsetMs > onsetMs - BEFORE_MS && each.onsetMs < untilMs);
}

function speaksAt({ turns }: CallRecord, atMs: number): boolean {
  return turns.some(({ startedMs, endedMs }) => startedMs < atMs && endedMs > atMs);
}

function interrupted({ bargeIns }: Outcome): boolean {
  return bargeIns.some(({ resumed }) => !resumed);
}

function row(kind: SoundKind, snrDb: number, outcomes: readonly Outcome[]): readonly string[] {
  const those = outcomes.filter(({ sound }) => sound.kind === kind && sound.snrDb === snrDb);
  const cut = those.filter(interrupted).length;
  const late = those.filter((each) => interrupted(each) && each.bargeIns[0]?.resumed).length;
  const resumed = those.filter((each) => !interrupted(each) && each.bargeIns.length > 0).length;
  return [kind, ...[snrDb, those.length, cut, late, resumed, those.length - cut - resumed].map(String)];
}

function figures({ count, p50, p95, p99, max }: ReturnType<typeof spreadOf>): readonly string[] {
  return [String(count), ms(p50), ms(p95), ms(p99), ms(max)];
}
