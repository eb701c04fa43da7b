import { setTimeout as sleep } from 'node:timers/promises';
import { decodeMulaw } from '../../../src/audio/g711.js';
import { readStereoRecording } from '../../../src/demo/recording.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { speak8k } from '../../support/speech.js';
import { type HeardPart, heardPart } from '../lib/audio-search.js';
import type { Caller } from '../lib/caller.js';
import type { SpokenItem } from '../lib/provider-api.js';
import { ms, type PartReport, scaled, table } from '../lib/report.js';
import { Scene } from '../lib/scene.js';
import { percentile, spreadOf } from '../lib/statistics.js';
import { abruptUtterance } from '../lib/utterances.js';
import { interruptionTexts, longTexts } from './texts.js';

const CALLS = 40;
const INTERRUPTIONS_A_CALL = 5;
const CALLS_AT_ONCE = 8;
const GOAL_MS = 20;
const GOAL_WORDS = 2;
/** One in so many interruptions comes after a short sound that makes the agent pause and go on. */
const PAUSE_ONE_IN = 3;
const HUM_SAMPLES = 1600;
/** Audible samples: three packets. */
const MOST_LOST_BEFORE = 480;
const PATIENCE_MS = 15_000;

/** One interrupted answer. All in ms of the answer's own audio. */
interface Interruption {
  readonly from: string;
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
  // Too short to be an interruption, too loud to be nothing.
  const hum = (await abruptUtterance('I would like to know', 'rms')).slice(-HUM_SAMPLES);
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
    // Searching takes a processor for itself: not while others are on the phone.
    for (const { from, heard } of await Promise.all(batch)) found.push(...(await compare(scene, from, heard)));
  }
  for (const f of found)
    if (Math.abs(errorOf(f.audioEndMs, f.caller ?? { fromMs: 0, toMs: 0 })) > 5) tell(JSON.stringify(f));
  return report(found, calls * INTERRUPTIONS_A_CALL);
}

async function interruptedCall(
  scene: Scene,
  index: number,
  sounds: readonly Int16Array[],
  hum: Int16Array,
): Promise<{ readonly from: string; readonly heard: Int16Array }> {
  const random = new SeededRandom(30_000 + index);
  const from = `t-${index}`;
  const caller = scene.caller({ from, keepAudio: true });
  if (await caller.dial()) {
    for (let round = 0; round < INTERRUPTIONS_A_CALL; round += 1) {
      await interruptOnce(caller, sounds[random.integer(sounds.length)] ?? hum, hum, random);
    }
    caller.hangUp();
  }
  await caller.ended;
  return { from, heard: caller.heard() };
}

/** Waits for the agent, lets him speak for a while, and interrupts; now and then after a false start. */
async function interruptOnce(caller: Caller, sound: Int16Array, hum: Int16Array, random: SeededRandom): Promise<void> {
  await caller.untilQuiet(250, 3000);
  await caller.untilHeard(caller.stretches.at(-1)?.endMs ?? 0, PATIENCE_MS);
  await sleep(700 + random.integer(5000));
  if (random.integer(PAUSE_ONE_IN) === 0) {
    await caller.say(hum);
    await sleep(1200 + random.integer(1500));
  }
  await caller.say(sound);
}

async function compare(scene: Scene, from: string, heard: Int16Array): Promise<readonly Interruption[]> {
  const record = await scene.connector.recordOf(from);
  const recording = record.recording === null ? undefined : (await readStereoRecording(record.recording)).agent;
  const account = await scene.account();
  const sessionIds = new Set(Object.entries(account.callers).flatMap(([id, name]) => (name === from ? id : [])));
  const responses = account.responses.filter(({ sessionId }) => sessionIds.has(sessionId));
  const interruptions: Interruption[] = [];
  // Responses are played one after the other, and may say the same: each is looked for behind the one before.
  let [inHeard, inRecording] = [0, 0];
  const turns = [...record.turns];
  for (const { text, itemId, audioMs } of responses) {
    if (text === undefined || audioMs === 0) continue;
    const item = await scene.spoken(text);
    const caller = heardPartOf(item, heard, inHeard);
    const recorded = recording && heardPartOf(item, recording, inRecording);
    inHeard = endOf(caller) ?? inHeard;
    inRecording = endOf(recorded) ?? inRecording;
    const truncation = account.truncations.find((each) => each.itemId === itemId);
    const turnIndex = turns.findIndex(({ heardText }) => heardText !== undefined && text.startsWith(heardText));
    const turn = turns[turnIndex];
    if (turnIndex >= 0) turns.splice(0, turnIndex + 1);
    if (truncation === undefined) continue;
    const end = caller && endTimes(caller);
    interruptions.push({
      from,
      audioEndMs: truncation.audioEndMs,
      caller: end,
      recording: recorded && endTimes(recorded),
      paused: (caller?.runs.length ?? 0) > 1,
      wordsTold: turn?.heardText === undefined ? undefined : countWords(turn.heardText),
      wordsHeard: end && item.words.filter(({ startMs }) => startMs < end.toMs).length,
      prefix: turn !== undefined,
    });
  }
  return interruptions;
}

function heardPartOf({ bytes }: SpokenItem, heard: Int16Array, from: number): HeardPart | undefined {
  const item = new Int16Array(bytes.length);
  decodeMulaw(bytes, item);
  const part = heardPart(item, heard, from);
  // Not from its beginning: it was never played, and what is alike is another sentence.
  return part && part.lost.before <= MOST_LOST_BEFORE ? part : undefined;
}

/** Where in what was heard the part ends. */
function endOf(part: HeardPart | undefined): number | undefined {
  const last = part?.runs.at(-1);
  return last && last.heardStart + last.length;
}

function endTimes(part: HeardPart): HeardEnd {
  return { fromMs: part.soundEndSample / 8, toMs: part.latestEndSample / 8 };
}

/** How far `ms` lies outside of what was heard: 0 inside, above 0 when more was told than heard. */
function errorOf(toldMs: number, end: HeardEnd): number {
  if (toldMs > end.toMs) return toldMs - end.toMs;
  return toldMs < end.fromMs ? toldMs - end.fromMs : 0;
}

function isOff({ audioEndMs, caller, recording }: Interruption): boolean {
  return [caller, recording].some((end) => end !== undefined && Math.abs(errorOf(audioEndMs, end)) > GOAL_MS);
}

function describe({ from, audioEndMs, caller, recording, paused }: Interruption): string {
  return `off: call ${from}, told ${audioEndMs}, caller ${ms(caller?.toMs)}, recording ${ms(recording?.toMs)}, ${paused ? '' : 'not '}paused`;
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
      ...found.filter(isOff).map(describe),
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
