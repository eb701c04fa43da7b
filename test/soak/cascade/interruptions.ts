import { setTimeout as sleep } from 'node:timers/promises';
import { decodeMulaw } from '../../../src/audio/g711.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { exactWordTimes, speak8k } from '../../support/speech.js';
import { heardPart } from '../lib/audio-search.js';
import type { Caller } from '../lib/caller.js';
import { type Measure, ms, type PartReport, percent, scaled, table } from '../lib/report.js';
import { spreadOf } from '../lib/statistics.js';
import { interruptionTexts, longTexts } from '../openai/texts.js';
import type { CascadeProviderAccount, CascadeProviderSetup, ModelRequest, SpokenSpeech } from './provider-api.js';
import { CascadeScene } from './scene.js';
import { connectionOf } from './timing.js';

const CALLS = 40;
const INTERRUPTIONS_A_CALL = 5;
const CALLS_AT_ONCE = 10;
const GOAL_WORDS = 1;
const PATIENCE_MS = 15_000;
/** From the model's first token to the request for its sound: what comes later is another answer's. */
const SAY_MS = 100;
/** Sound of a text is looked for so far behind the end of the one before, samples: pauses of the agent's included. */
const SEARCH_SAMPLES = 15 * 8_000;
/** Within an answer, from the end of a piece to the beginning of the next: what comes later is the same text in another answer. */
const PAUSE_SAMPLES = 3 * 8_000;
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
    provider,
    flavor: { greeting: 'Good morning.' },
    stt: { model: 'flux-general-en' },
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
}

async function interruptedCall(scene: CascadeScene, index: number, sounds: readonly Int16Array[]): Promise<HeardCall> {
  const random = new SeededRandom(30_000 + index);
  const from = `i-${index}`;
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
  return { from, audio: caller.heard() };
}

/** Waits for the agent, lets him speak for a while, and interrupts. */
async function interruptOnce(caller: Caller, sound: Int16Array, random: SeededRandom): Promise<void> {
  await caller.untilQuiet(250, 3_000);
  await caller.untilHeard(caller.stretches.at(-1)?.endMs ?? 0, PATIENCE_MS);
  await sleep(700 + random.integer(5_000));
  await caller.say(sound);
}

async function compare(
  scene: CascadeScene,
  account: CascadeProviderAccount,
  { from, audio }: HeardCall,
  askedBefore: number,
): Promise<readonly Interruption[]> {
  const asked = account.requests.filter(({ system }) => new RegExp(`caller ${from}(?!\\d)`, 'u').test(system));
  const begun = connectionOf(
    account.speeches,
    asked.map(({ firstTokenAtMs = Number.NaN }) => ({ fromMs: firstTokenAtMs, untilMs: firstTokenAtMs + SAY_MS })),
    ({ askedAtMs }) => askedAtMs,
  );
  const connection = begun.find((speech) => speech !== undefined)?.connection;
  const speeches = account.speeches.filter((speech) => speech.connection === connection);
  // An early request that was taken back before anything of its answer was to be spoken is no answer.
  const answered = asked.filter(({ aborted, atMs }, index) => {
    const untilMs = asked[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    return !aborted || speeches.some(({ askedAtMs }) => askedAtMs >= atMs && askedAtMs < untilMs);
  });
  const interruptions: Interruption[] = [];
  let at = 0;
  for (const [round, request] of answered.entries()) {
    const next = answered[round + 1];
    if (next === undefined) break;
    const answer =
      provider.answers[(askedBefore + account.requests.indexOf(request)) % provider.answers.length]?.text ?? '';
    const pieces = speeches.filter(({ askedAtMs }) => askedAtMs >= request.atMs && askedAtMs < next.atMs);
    const { whole, begun: started, end } = await heardWords(scene, pieces, audio, at);
    at = end;
    const written = countWords(answer);
    const told = toldOf(next, answer);
    const words = countWords(told ?? '');
    // What was heard to its end was interrupted by nobody.
    if (whole === written && words === written) continue;
    interruptions.push({ from, round, told: words, whole, begun: started, written, prefix: told !== undefined });
  }
  return interruptions;
}

/** What the request says that the caller was told: its last line of the agent's, where that is of this answer. */
function toldOf({ dialogue }: ModelRequest, answer: string): string | undefined {
  const last = dialogue.findLast((line) => line.startsWith('assistant: '))?.slice('assistant: '.length) ?? '';
  // Of an answer that nobody heard there is no line, and the last one is of another.
  return answer.startsWith(last) ? last : last === '' || !answer.startsWith(last.slice(0, 20)) ? '' : undefined;
}

async function heardWords(
  scene: CascadeScene,
  pieces: readonly SpokenSpeech[],
  audio: Int16Array,
  from: number,
): Promise<{ readonly whole: number; readonly begun: number; readonly end: number }> {
  let before = 0;
  let end = from;
  for (const [index, { text }] of pieces.entries()) {
    const { bytes } = await scene.provider.ask('voiced', { text });
    const spoken = await exactWordTimes(text, 'slt');
    const item = new Int16Array(bytes.length);
    decodeMulaw(bytes, item);
    const within = index === 0 ? SEARCH_SAMPLES : PAUSE_SAMPLES;
    const part = heardPart(item, audio.subarray(0, end + item.length + within), end);
    if (part === undefined || part.lost.before > MOST_LOST_BEFORE) break;
    const [first, last] = [part.runs[0], part.runs.at(-1)];
    if (first === undefined || first.heardStart > end + within) break;
    end = last === undefined ? end : last.heardStart + last.length;
    const cutMs = part.soundEndSample / 8;
    if (part.lost.after > 0) {
      const begun = spoken.filter(({ startMs }) => startMs < cutMs).length;
      return { whole: before + Math.max(0, begun - 1), begun: before + begun, end };
    }
    before += countWords(text);
  }
  return { whole: before, begun: before, end };
}

/** Words told that were not heard, or below 0 heard and not told; a word in the middle of which it was cut is either. */
function errorOf({ told, whole, begun }: Interruption): number {
  return told > begun ? told - begun : Math.min(0, told - whole);
}

function countWords(text: string): number {
  return text.split(/\s+/u).filter((word) => word !== '').length;
}

function report(all: readonly Interruption[], expected: number): PartReport {
  // Sound that is not found at all, though seconds of it were told of, is the search's fault: nothing can be said of it.
  const found = all.filter(({ told, begun }) => begun > 0 || told <= GOAL_WORDS);
  const errors = found.map(errorOf);
  const within = errors.filter((error) => Math.abs(error) <= GOAL_WORDS).length;
  const { p50, p95, max } = spreadOf(errors.map(Math.abs));
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  return {
    title: 'Heard-truth in the next request to the model',
    lines: [
      `${found.length} answers cut off at random moments, in ${expected} interruptions. Words of the answer in the request that`,
      'follows, minus words that came over the caller’s socket (a word that was cut through may count or not): found by exact',
      `search of the voice’s mu-law samples; ${all.length - found.length} were not found. The voice tells no word times.`,
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
        ok: within === found.length && found.length >= expected * 0.9,
      },
      {
        goal: 'what is told is the beginning of what was written',
        measured: `${found.filter(({ prefix }) => prefix).length} of ${found.length}`,
        ok: found.every(({ prefix }) => prefix),
      },
    ],
  };
}
