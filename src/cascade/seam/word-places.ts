import { encodedSamples } from '../../audio/linear-samples.js';
import type { Steps } from '../../base/steps.js';
import { cumulativeWeights, pauseMarks } from '../../base/text-weight.js';
import { letterSounds } from '../../heard/letter-sounds.js';
import { markCost, QUICKEST, TEMPOS, tempoCost } from '../../heard/reading-costs.js';
import { type Reading, SpeechAligner } from '../../heard/speech-alignment.js';
import { BLOCK_MS, type Pause, SpokenAudio, speechBefore } from '../../heard/spoken-audio.js';

/** Where a word begins in the sound of its text. */
export interface WordPlace {
  /** Index of the word in the text. */
  readonly index: number;
  readonly startMs: number;
  /** Without a pause behind it; of the last one that was begun, where the sound ends. */
  readonly endMs: number;
}

/** Blocks that are looked at in one step. */
const STEP_BLOCKS = 25;
/** Rate at which sounds are told apart, Hz: what a phone lets through. */
const BASE_RATE = 8_000;

/**
 * Where the words of a text begin in its sound, as far as it has come, by what their letters sound like. Where the sound
 * breaks off in the text, the last word or two are the least sure.
 *
 * @param letterMs how fast the voice speaks: of a letter ({@link cumulativeWeights}), ms
 * @returns of each word that was begun; none where it cannot be told
 */
export function* wordPlaces(
  text: string,
  samples: Int16Array,
  sampleRate: number,
  letterMs: number,
): Steps<readonly WordPlace[]> {
  const audio = yield* soundOf(samples, sampleRate);
  const pauses = audio.pauses();
  const blocks = audio.speech(pauses, 0, Number.POSITIVE_INFINITY);
  const places = new SpeechPlaces(pauses, blocks.length);
  yield;
  const weights = cumulativeWeights(text);
  const reach = (blocks.length * BLOCK_MS * QUICKEST) / letterMs;
  const beyond = weights.findIndex((weight) => weight > reach);
  const to = beyond < 0 ? text.length : beyond;
  const sounds = letterSounds(text, 0, to, weights);
  const marks = new Set(pauseMarks(text));
  const markCosts = sounds.map(({ wordEnd = 0 }) => (marks.has(wordEnd) ? markCost(text, wordEnd) : 0));
  const lasts = ((weights[to] as number) * letterMs) / BLOCK_MS;
  const aligner = new SpeechAligner({ blocks, pauses: places.within, sounds, markCosts, complete: false });
  let best: { readonly reading: Reading; readonly evidence: number } | undefined;
  for (const tempo of TEMPOS) {
    yield;
    const reading = aligner.read(lasts * tempo);
    if (reading === undefined) continue;
    const evidence = reading.evidence - tempoCost(tempo);
    if (evidence > (best?.evidence ?? Number.NEGATIVE_INFINITY)) best = { reading, evidence };
  }
  yield;
  const ends = best?.reading.ends();
  const first = text.search(/\S/u);
  if (ends === undefined || first < 0) return [];
  const words: WordPlace[] = [];
  let [index, startMs] = [first, places.atMs(0)];
  for (const [sound, end] of ends.entries()) {
    const { wordEnd } = sounds[sound] ?? {};
    if (wordEnd === undefined) continue;
    words.push({ index, startMs, endMs: places.untilMs(end) });
    const next = text.slice(wordEnd).search(/\S/u);
    if (next < 0) return words;
    [index, startMs] = [wordEnd + next, places.atMs(end)];
  }
  return [...words, { index, startMs, endMs: places.untilMs(blocks.length) }];
}

/**
 * A place in the sound of one voice, by the word that is under way there in the sound of another that says the same text.
 *
 * @param atMs place in the other's sound
 * @returns `undefined` where this one has not come past that word
 */
export function placeByLetters(
  other: readonly WordPlace[],
  own: readonly WordPlace[],
  atMs: number,
): number | undefined {
  const last = other.findLastIndex(({ startMs }) => startMs <= atMs);
  const before = other[last];
  const at = own.findIndex(({ index }) => index === before?.index);
  const [here, next] = [own[at], own[at + 1]];
  if (before === undefined || here === undefined || next === undefined) return undefined;
  // Of the word that broke off it is not known how long it would have been.
  const broken = other[last + 1] === undefined;
  const ratio = broken ? 1 : (here.endMs - here.startMs) / Math.max(1, before.endMs - before.startMs);
  return Math.min(next.startMs, here.startMs + (atMs - before.startMs) * ratio);
}

/** Where a place in the speech is in the sound that has the pauses, ms. */
class SpeechPlaces {
  readonly #pauses: readonly { readonly before: number; readonly lengthMs: number }[];

  /** @param count blocks of speech; a pause behind all of them does not count */
  constructor(pauses: readonly Pause[], count: number) {
    const speechMs = speechBefore(pauses);
    this.#pauses = pauses
      .map(({ fromMs, toMs }, index) => ({ before: (speechMs[index] ?? 0) / BLOCK_MS, lengthMs: toMs - fromMs }))
      .filter(({ before }) => before < count);
  }

  /** Of the pauses between words, the blocks that they are before. */
  get within(): readonly number[] {
    return this.#pauses.map(({ before }) => before).filter((before) => before > 0);
  }

  /** When a block begins, behind a pause where there is one. */
  atMs(block: number): number {
    return this.#msOf(block, Math.round(block));
  }

  /** The same before the pause. */
  untilMs(block: number): number {
    return this.#msOf(block, Math.round(block) - 1);
  }

  #msOf(block: number, last: number): number {
    return this.#pauses.reduce((ms, { before, lengthMs }) => (before <= last ? ms + lengthMs : ms), block * BLOCK_MS);
  }
}

/** The sound at the base rate; a mean is a poor filter, and good enough to tell sounds apart. */
function* soundOf(samples: Int16Array, sampleRate: number): Steps<SpokenAudio> {
  const audio = new SpokenAudio({ encoding: 'pcm16', sampleRate: BASE_RATE });
  const step = Math.max(1, Math.round(sampleRate / BASE_RATE));
  const count = Math.floor(samples.length / step);
  const most = (STEP_BLOCKS * BLOCK_MS * BASE_RATE) / 1_000;
  for (let from = 0; from < count; from += most) {
    const part = new Int16Array(Math.min(most, count - from));
    for (let at = 0; at < part.length; at += 1) {
      let sum = 0;
      for (let k = 0; k < step; k += 1) sum += samples[(from + at) * step + k] as number;
      part[at] = Math.round(sum / step);
    }
    audio.push(encodedSamples(part, 'pcm16'));
    yield;
  }
  return audio;
}
