import { setTimeout as sleep } from 'node:timers/promises';
import { readStereoRecording } from '../../../src/demo/recording.js';
import { decodeMulaw } from '../../../src/media/g711.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { speak8k } from '../../support/speech.js';
import { heardPart } from '../lib/audio-search.js';
import type { Caller } from '../lib/caller.js';
import type { SpokenItem } from '../lib/provider-api.js';
import { ms, type PartReport, scaled, table } from '../lib/report.js';
import { Scene } from '../lib/scene.js';
import { percentile, spreadOf } from '../lib/statistics.js';
import { interruptionTexts, longTexts } from './texts.js';

const CALLS = 40;
const INTERRUPTIONS_A_CALL = 5;
const CALLS_AT_ONCE = 8;
const GOAL_MS = 20;
const GOAL_WORDS = 2;
/** One in so many interruptions comes after a short sound that makes the agent pause and go on. */
const PAUSE_ONE_IN = 3;
const PATIENCE_MS = 15_000;

/** One interrupted answer. All in ms of the answer's own audio. */
interface Interruption {
  /** What the provider was told. */
  readonly audioEndMs: number;
  /** What the caller's socket got, and what the recording has: at least, at most. */
  readonly caller: HeardEnd | undefined;
  readonly recording: HeardEnd | undefined;
  readonly paused: boolean;
  /** Words by the record, and by the voice that spoke them. */
  readonly wordsTold: number | undefined;
  readonly wordsHeard: number | undefined;
  /** The text of the record is the beginning of what was said. */
  readonly prefix: boolean;
}

interface HeardEnd {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the provider is told that the caller heard, against what can be heard. */
export async function measureTruncation(tell: (line: string) => void, scale: number): Promise<PartReport> {
  const calls = scaled(CALLS, scale);
  const sounds = await Promise.all(interruptionTexts.map((text) => speak8k(text, 'rms')));
  const hum = (await speak8k('mm', 'rms')).slice(0, 1280);
  await using scene = await Scene.open({
    provider: { replies: longTexts.slice(1).map((text) => ({ text, delayMs: 500 })) },
    flavor: { greeting: longTexts[0], turnDetection: { type: 'server_vad', silenceDurationMs: 300 } },
    config: { recording: { mode: 'stereo', path: 'recordings' } },
  });
  const found: Interruption[] = [];
  for (let first = 0; first < calls; first += CALLS_AT_ONCE) {
    tell(`truncation: calls ${first + 1} to ${Math.min(first + CALLS_AT_ONCE, calls)} of ${calls}`);
    const batch = Array.from({ length: Math.min(CALLS_AT_ONCE, calls - first) }, async (_, index) => {
      await sleep(index * 150);
      return await interruptedCall(scene, first + index, sounds, hum);
    });
    for (const interruptions of await Promise.all(batch)) found.push(...interruptions);
  }
  return report(found, calls * INTERRUPTIONS_A_CALL);
}

async function interruptedCall(
  scene: Scene,
  index: number,
  sounds: readonly Int16Array[],
  hum: Int16Array,
): Promise<readonly Interruption[]> {
  const random = new SeededRandom(30_000 + index);
  const from = `t-${index}`;
  const caller = scene.caller({ from, keepAudio: true });
  const paused: boolean[] = [];
  if (await caller.dial()) {
    for (let round = 0; round < INTERRUPTIONS_A_CALL; round += 1) {
      paused.push(await interruptOnce(caller, sounds[random.integer(sounds.length)] ?? hum, hum, random));
    }
    caller.hangUp();
  }
  await caller.ended;
  return await compare(scene, from, caller.heard(), paused);
}

/** Waits for the agent, lets him speak for a while, and interrupts. True when there was a false start before. */
async function interruptOnce(
  caller: Caller,
  sound: Int16Array,
  hum: Int16Array,
  random: SeededRandom,
): Promise<boolean> {
  await caller.untilQuiet(250, 3000);
  await caller.untilHeard(caller.stretches.at(-1)?.endMs ?? 0, PATIENCE_MS);
  await sleep(700 + random.integer(5000));
  const pauses = random.integer(PAUSE_ONE_IN) === 0;
  if (pauses) {
    await caller.say(hum);
    await sleep(1200 + random.integer(1500));
  }
  await caller.say(sound);
  return pauses;
}

async function compare(
  scene: Scene,
  from: string,
  heard: Int16Array,
  paused: readonly boolean[],
): Promise<readonly Interruption[]> {
  const record = await scene.connector.recordOf(from);
  const recording = record.recording === null ? undefined : (await readStereoRecording(record.recording)).agent;
  const account = await scene.account();
  const sessionIds = new Set(Object.entries(account.callers).flatMap(([id, name]) => (name === from ? id : [])));
  const truncations = account.truncations.filter(({ sessionId }) => sessionIds.has(sessionId));
  const cutTurns = record.turns.filter(({ interrupted }) => interrupted);
  const interruptions: Interruption[] = [];
  for (const [index, { itemId, audioEndMs }] of truncations.entries()) {
    const response = account.responses.find((each) => each.itemId === itemId);
    if (response?.text === undefined) continue;
    const item = await scene.spoken(response.text);
    const caller = heardEnd(item, heard);
    const told = cutTurns.find(({ heardText }) => heardText !== undefined && response.text?.startsWith(heardText));
    interruptions.push({
      audioEndMs,
      caller,
      recording: recording && heardEnd(item, recording),
      paused: paused[index] ?? false,
      wordsTold: told?.heardText === undefined ? undefined : countWords(told.heardText),
      wordsHeard: caller && item.words.filter(({ startMs }) => startMs < caller.toMs).length,
      prefix: told !== undefined,
    });
  }
  return interruptions;
}

function heardEnd({ bytes }: SpokenItem, heard: Int16Array): HeardEnd | undefined {
  const item = new Int16Array(bytes.length);
  decodeMulaw(bytes, item);
  const part = heardPart(item, heard);
  return part && { fromMs: part.soundEndSample / 8, toMs: part.latestEndSample / 8 };
}

/** How far `ms` lies outside of what was heard: 0 inside, above 0 when more was told than heard. */
function errorOf(toldMs: number, end: HeardEnd): number {
  if (toldMs > end.toMs) return toldMs - end.toMs;
  return toldMs < end.fromMs ? toldMs - end.fromMs : 0;
}

function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}

function report(found: readonly Interruption[], expected: number): PartReport {
  const ends = (side: 'caller' | 'recording', paused?: boolean): readonly number[] =>
    found.flatMap((each) => {
      const end = each[side];
      return end === undefined || (paused !== undefined && each.paused !== paused) ? [] : errorOf(each.audioEndMs, end);
    });
  const words = found.flatMap(({ wordsTold, wordsHeard }) =>
    wordsTold === undefined || wordsHeard === undefined ? [] : Math.abs(wordsTold - wordsHeard),
  );
  const row = (name: string, errors: readonly number[]): readonly string[] => {
    const spread = spreadOf(errors.map(Math.abs));
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    return [name, String(errors.length), ms(mean), ms(spread.p50), ms(spread.p95), ms(spread.max)];
  };
  const callerSpread = spreadOf(ends('caller').map(Math.abs));
  const recordingSpread = spreadOf(ends('recording').map(Math.abs));
  const sound = found.flatMap(({ caller }) => (caller === undefined ? [] : caller.toMs - caller.fromMs));
  return {
    title: 'Heard-truth: `audio_end_ms` against what was heard',
    lines: [
      `${found.length} truncations out of ${expected} interruptions at random moments. Error: ms told minus ms heard, of the`,
      'item’s own audio; found by exact search of its mu-law samples in what the caller’s socket got and in the connector’s',
      `recording. Where a cut fell into silence of the item, any moment of it is right (${sound.filter((gap) => gap > 0).length} cuts,`,
      `${ms(percentile(sound, 0.95))} ms p95).`,
      '',
      ...table(
        ['against', 'cuts', 'mean', '|error| p50', 'p95', 'max'],
        [
          row('the caller’s socket', ends('caller')),
          row('   of these after a pause', ends('caller', true)),
          row('the recording', ends('recording')),
        ],
      ),
      '',
      ...table(
        ['heard text', 'turns', 'words off p50', 'p95', 'max'],
        [['record against the voice', String(words.length), ...quantiles(words)]],
      ),
    ],
    findings: [
      {
        goal: `|audio_end_ms - heard| <= ${GOAL_MS} ms, p95 and max`,
        measured: `caller ${ms(callerSpread.p95)} / ${ms(callerSpread.max)}, recording ${ms(recordingSpread.p95)} / ${ms(recordingSpread.max)} ms`,
        ok: callerSpread.max <= GOAL_MS && recordingSpread.max <= GOAL_MS && found.length > 0,
      },
      {
        goal: `heard text within ${GOAL_WORDS} words, p95 (no word times from the provider)`,
        measured: `${percentile(words, 0.95)} words`,
        ok: percentile(words, 0.95) <= GOAL_WORDS,
      },
      {
        goal: 'each interruption told to the provider, each heard text a beginning of what was said',
        measured: `${found.length} of ${expected}, ${found.filter(({ prefix }) => prefix).length} beginnings`,
        ok: found.length >= expected * 0.98 && found.every(({ prefix }) => prefix),
      },
    ],
  };
}

function quantiles(values: readonly number[]): readonly string[] {
  const { p50, p95, max } = spreadOf(values);
  return [p50, p95, max].map(String);
}
