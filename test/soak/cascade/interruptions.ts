import { setTimeout as sleep } from 'node:timers/promises';
import { decodeMulaw } from '../../../src/audio/g711.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { exactWordTimes, speak8k } from '../../support/speech.js';
import { heardPart } from '../lib/audio-search.js';
import type { Caller } from '../lib/caller.js';
import { type Measure, ms, type PartReport, percent, scaled, table } from '../lib/report.js';
import { spreadOf } from '../lib/statistics.js';
import { interruptionTexts, longTexts } from '../openai/texts.js';
import type { CascadeProviderAccount, CascadeProviderSetup, SpokenSpeech } from './provider-api.js';
import { CascadeScene } from './scene.js';
import { spokenAnswers, toldOf } from './spoken-answers.js';

const CALLS = 40;
const INTERRUPTIONS_A_CALL = 5;
const CALLS_AT_ONCE = 10;
const GOAL_WORDS = 1;
/** Where and with what callers interrupt; another by `SOAK_SEED`. */
const SEED = Number(process.env['SOAK_SEED'] ?? 30_000);
const PACKET_SAMPLES = 160;
const PATIENCE_MS = 15_000;
/** Audible samples of a text's beginning that may be missing where it was played: three packets. */
const MOST_LOST_BEFORE = 480;

const provider: CascadeProviderSetup = {
  lines: [...interruptionTexts],
  answers: longTexts.map((text) => ({ text, firstTokenMs: 300 })),
  delays: { interimMs: 50, finalMs: 60, speechMs: 80, speechSpreadMs: 20 },
  eagerSilenceMs: 150,
  endSilenceMs: 300,
};

/** One answer that was cut off. Words of it. */
interface Interruption {
  readonly from: string;
  readonly round: number;
  /** By the request that followed. */
  readonly told: number;
  /** By what came over the caller's socket: those that were heard to their end, and those that had begun. */
  readonly whole: number;
  readonly begun: number;
  readonly written: number;
  /** What was told is the beginning of what was written. */
  readonly prefix: boolean;
}

/** What the model is told that the caller heard of an interrupted answer, against what the caller's socket got of it. */
export const measureInterruptions: Measure = async (tell, scale) => {
  const calls = scaled(CALLS, scale);
  const sounds = await Promise.all(interruptionTexts.map((text) => speak8k(text, 'rms')));
  await using scene = await CascadeScene.open({
    provider: { ...provider, phrases: Array.from({ length: calls }, (_, index) => greetingOf(nameOf(index))) },
    stt: { model: 'flux-general-en' },
    // A caller's connection to the voice has no name but what is said on it.
    greeting: greetingOf('{{from}}'),
  });
  const found: Interruption[] = [];
  // The provider answers by the number of the request, which goes on when its account is cleared.
  let asked = 0;
  for (let first = 0; first < calls; first += CALLS_AT_ONCE) {
    const last = Math.min(first + CALLS_AT_ONCE, calls);
    tell(`cascade-interruptions: calls ${first + 1} to ${last} of ${calls}`);
    const batch = Array.from({ length: last - first }, async (_, index) => {
      await sleep(index * 150);
      return await interruptedCall(scene, first + index, sounds);
    });
    // Searching takes a processor for itself: not while others are on the phone.
    const heard = await Promise.all(batch);
    const account = await scene.account();
    for (const call of heard) found.push(...(await compare(scene, account, call, asked)));
    asked += account.requests.length;
    await scene.provider.ask('clear', undefined);
  }
  for (const each of found) if (Math.abs(errorOf(each)) > GOAL_WORDS) tell(JSON.stringify(each));
  return report(found, calls * INTERRUPTIONS_A_CALL);
};

interface HeardCall {
  readonly from: string;
  readonly audio: Int16Array;
  /** The first sample that came at a moment of the machine's clock, or later. */
  sampleAt(atMs: number): number;
}

async function interruptedCall(scene: CascadeScene, index: number, sounds: readonly Int16Array[]): Promise<HeardCall> {
  const random = new SeededRandom(SEED + index);
  const from = nameOf(index);
  const caller = scene.caller({ from, keepAudio: true });
  if (await caller.dial()) {
    // The first ends the greeting and asks for an answer; each of the others cuts one off.
    for (let round = 0; round <= INTERRUPTIONS_A_CALL; round += 1) {
      await interruptOnce(caller, sounds[random.integer(sounds.length)] ?? new Int16Array(0), random);
    }
    await caller.untilQuiet(250, 3_000);
    await caller.untilHeard(caller.stretches.at(-1)?.endMs ?? 0, PATIENCE_MS);
    caller.hangUp();
  }
  await caller.ended;
  const audio = caller.heard();
  return {
    from,
    audio,
    sampleAt(atMs) {
      let sample = 0;
      while (sample < audio.length && (caller.arrivalOf(sample) ?? atMs) < atMs) sample += PACKET_SAMPLES;
      return sample;
    },
  };
}

/** Waits for the agent, lets him speak for a while, and interrupts. */
async function interruptOnce(caller: Caller, sound: Int16Array, random: SeededRandom): Promise<void> {
  await caller.untilQuiet(250, 3_000);
  await caller.untilHeard(caller.stretches.at(-1)?.endMs ?? 0, PATIENCE_MS);
  await sleep(700 + random.integer(5_000));
  await caller.say(sound);
}

function greetingOf(name: string): string {
  return `Good morning, ${name}.`;
}

/** Letters only, so that it is spoken as it is written. */
function nameOf(index: number): string {
  return `q${String.fromCharCode(97 + Math.floor(index / 26))}${String.fromCharCode(97 + (index % 26))}`;
}

async function compare(
  scene: CascadeScene,
  account: CascadeProviderAccount,
  call: HeardCall,
  askedBefore: number,
): Promise<readonly Interruption[]> {
  const { from } = call;
  const named = new RegExp(`\\b${from}\\b`, 'u');
  const asked = account.requests.filter(({ system }) => named.test(system));
  const connection = account.speeches.find(({ text }) => named.test(text))?.connection;
  const answers = spokenAnswers(
    asked,
    account.speeches.filter((speech) => speech.connection === connection),
    (request) =>
      provider.answers[(askedBefore + account.requests.indexOf(request)) % provider.answers.length]?.text ?? '',
  );
  const interruptions: Interruption[] = [];
  for (const [round, answer] of answers.entries()) {
    const next = answers[round + 1]?.request;
    if (next === undefined) break;
    // Nothing of it is heard before the voice began, nor once it has begun the next.
    const untilMs = firstAudioOf(answers.slice(round + 1).flatMap(({ pieces }) => pieces));
    const { whole, begun } = await heardWords(scene, answer.pieces, call, untilMs ?? Number.POSITIVE_INFINITY);
    const written = countWords(answer.text);
    const told = toldOf(answer, next);
    const words = countWords(told);
    // What was heard to its end was interrupted by nobody.
    if (whole === written && words === written) continue;
    interruptions.push({ from, round, told: words, whole, begun, written, prefix: answer.text.startsWith(told) });
  }
  return interruptions;
}

async function heardWords(
  scene: CascadeScene,
  pieces: readonly SpokenSpeech[],
  { audio, sampleAt }: HeardCall,
  untilMs: number,
): Promise<{ readonly whole: number; readonly begun: number }> {
  const end = sampleAt(untilMs);
  let before = 0;
  let at = 0;
  for (const piece of pieces) {
    if (piece.firstAudioAtMs === undefined) break;
    const { bytes } = await scene.provider.ask('voiced', { text: piece.text });
    const item = new Int16Array(bytes.length);
    decodeMulaw(bytes, item);
    at = Math.max(at, sampleAt(piece.firstAudioAtMs));
    const part = heardPart(item, audio.subarray(0, end), at);
    const last = part?.runs.at(-1);
    if (part === undefined || last === undefined || part.lost.before > MOST_LOST_BEFORE) break;
    at = last.heardStart + last.length;
    if (part.lost.after > 0) {
      const spoken = await exactWordTimes(piece.text, 'slt');
      const begun = spoken.filter(({ startMs }) => startMs < part.soundEndSample / 8).length;
      return { whole: before + Math.max(0, begun - 1), begun: before + begun };
    }
    before += countWords(piece.text);
  }
  return { whole: before, begun: before };
}

function firstAudioOf(pieces: readonly SpokenSpeech[]): number | undefined {
  return pieces.find(({ firstAudioAtMs }) => firstAudioAtMs !== undefined)?.firstAudioAtMs;
}

/** Words told that were not heard, or below 0 heard and not told; a word in the middle of which it was cut is either. */
function errorOf({ told, whole, begun }: Interruption): number {
  return told > begun ? told - begun : Math.min(0, told - whole);
}

function countWords(text: string): number {
  return text.split(/\s+/u).filter((word) => word !== '').length;
}

function report(found: readonly Interruption[], expected: number): PartReport {
  const errors = found.map(errorOf);
  const within = errors.filter((error) => Math.abs(error) <= GOAL_WORDS).length;
  const { p50, p95, max } = spreadOf(errors.map(Math.abs));
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  return {
    title: 'Heard-truth in the next request to the model',
    lines: [
      `${found.length} answers cut off at random moments, in ${expected} interruptions. Words of the answer in the request that`,
      'follows, minus words that came over the caller’s socket (a word that was cut through may count or not): found by exact',
      'search of the voice’s mu-law samples. The voice tells no word times.',
      '',
      ...table(
        ['answers', 'exact', 'within a word', 'mean', '|error| p50', 'p95', 'max'],
        [
          [
            String(found.length),
            percent(errors.filter((error) => error === 0).length, found.length),
            percent(within, found.length),
            ms(mean),
            ...[p50, p95, max].map(String),
          ],
        ],
      ),
    ],
    findings: [
      {
        goal: `within ${GOAL_WORDS} word, all of them`,
        measured: `${within} of ${found.length}, most ${max}`,
        ok: within === found.length && found.length >= expected,
      },
      {
        goal: 'what is told is the beginning of what was written',
        measured: `${found.filter(({ prefix }) => prefix).length} of ${found.length}`,
        ok: found.every(({ prefix }) => prefix),
      },
    ],
  };
}
