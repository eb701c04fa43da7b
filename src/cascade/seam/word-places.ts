import type { Steps } from '../../base/steps.js';
import { cumulativeWeights, pauseMarks } from '../../base/text-weight.js';
import { letterSounds } from '../../heard/letter-sounds.js';
import { type Reading, SpeechAligner, type SpeechBlock } from '../../heard/speech-alignment.js';

/** Where a word begins in the sound of its text. */
export interface WordPlace {
  /** Index of the word in the text. */
  readonly index: number;
  readonly startMs: number;
  /** Without a pause behind it; of the last one that was begun, where the sound ends. */
  readonly endMs: number;
}

/** What is looked at as one sound, ms. */
const BLOCK_MS = 20;
/** A block is silent so far below the loudest, dB; the stops inside words are shorter than so many blocks. */
const BELOW_PEAK_DB = 35;
const PAUSE_BLOCKS = 5;
/** Share of the blocks that the loud ones are above. */
const LOUD = 0.95;
/** Blocks that are looked at in one step. */
const STEP_BLOCKS = 25;
/** Rate at which brightness tells sounds apart, Hz. */
const BASE_RATE = 8_000;
/** How much slower or faster than usual the voice may be, and what it costs to think so, by the square of the logarithm. */
const TEMPOS = [1, 0.8, 0.9, 1.12, 1.25] as const;
const TEMPO_COST = 150;
/** No text is said so many times as fast. */
const QUICKEST = 2;
/** What it costs to think that nobody pauses at a comma, and at another mark. */
const COMMA_COST = 1;
const MARK_COST = 3;

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
  const { blocks, pauses, atMs, untilMs } = speechOf(yield* blocksOf(samples, sampleRate));
  yield;
  const weights = cumulativeWeights(text);
  const reach = (blocks.length * BLOCK_MS * QUICKEST) / letterMs;
  const beyond = weights.findIndex((weight) => weight > reach);
  const to = beyond < 0 ? text.length : beyond;
  const sounds = letterSounds(text, 0, to, weights);
  const marks = new Set(pauseMarks(text));
  const markCosts = sounds.map(({ wordEnd = 0 }) =>
    !marks.has(wordEnd) ? 0 : /[,，、]/u.test(text[wordEnd - 1] ?? '') ? COMMA_COST : MARK_COST,
  );
  const lasts = ((weights[to] as number) * letterMs) / BLOCK_MS;
  const aligner = new SpeechAligner({ blocks, pauses, sounds, markCosts, complete: false });
  let best: { readonly reading: Reading; readonly evidence: number } | undefined;
  for (const tempo of TEMPOS) {
    yield;
    const reading = aligner.read(lasts * tempo);
    if (reading === undefined) continue;
    const evidence = reading.evidence - TEMPO_COST * Math.log(tempo) ** 2;
    if (evidence > (best?.evidence ?? Number.NEGATIVE_INFINITY)) best = { reading, evidence };
  }
  yield;
  const ends = best?.reading.ends();
  const first = text.search(/\S/u);
  if (ends === undefined || first < 0) return [];
  const places: WordPlace[] = [];
  let [index, startMs] = [first, atMs(0)];
  for (const [sound, end] of ends.entries()) {
    const { wordEnd } = sounds[sound] ?? {};
    if (wordEnd === undefined) continue;
    places.push({ index, startMs, endMs: untilMs(end) });
    const next = text.slice(wordEnd).search(/\S/u);
    if (next < 0) return places;
    [index, startMs] = [wordEnd + next, atMs(end)];
  }
  return [...places, { index, startMs, endMs: untilMs(blocks.length) }];
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

interface Speech {
  /** Pauses left out. */
  readonly blocks: readonly SpeechBlock[];
  /** Each before the block of this index. */
  readonly pauses: readonly number[];
  /** When a block of it begins, behind a pause where there is one, ms. */
  atMs(block: number): number;
  /** The same before the pause. */
  untilMs(block: number): number;
}

function speechOf(all: readonly SpeechBlock[]): Speech {
  const levels = Float64Array.from(all, ({ levelDb }) => levelDb).sort();
  const quiet = (levels.at(-1) ?? 0) - BELOW_PEAK_DB;
  const loud = levels[Math.floor(LOUD * levels.length)] ?? 0;
  const blocks: SpeechBlock[] = [];
  const pauses: number[] = [];
  /** Of each block of speech, its place among all. */
  const places: number[] = [];
  let silent = 0;
  for (let at = 0; at <= all.length; at += 1) {
    const block = all[at];
    if (block !== undefined && block.levelDb < quiet) {
      silent += 1;
      continue;
    }
    const edge = blocks.length === 0 || block === undefined;
    if (silent >= (edge ? 1 : PAUSE_BLOCKS)) {
      if (!edge) pauses.push(blocks.length);
      silent = 0;
    }
    for (let within = at - silent; within < at; within += 1) add(within);
    silent = 0;
    if (block !== undefined) add(at);
  }
  const placeOf = (block: number): number => places[block] ?? (places.at(-1) ?? -1) + 1 + block - places.length;
  return {
    blocks,
    pauses,
    atMs: (block) => (placeOf(Math.round(block)) + block - Math.round(block)) * BLOCK_MS,
    untilMs: (block) => (placeOf(Math.round(block) - 1) + 1 + block - Math.round(block)) * BLOCK_MS,
  };

  function add(at: number): void {
    const { levelDb, brightnessHz } = all[at] as SpeechBlock;
    blocks.push({ levelDb: levelDb - loud, brightnessHz });
    places.push(at);
  }
}

/** Of every 20 ms. */
function* blocksOf(samples: Int16Array, sampleRate: number): Steps<readonly SpeechBlock[]> {
  const step = Math.max(1, Math.round(sampleRate / BASE_RATE));
  const count = (BASE_RATE * BLOCK_MS) / 1_000;
  const blocks: SpeechBlock[] = [];
  let last = 0;
  for (let from = 0; from + count * step <= samples.length; from += count * step) {
    if (blocks.length % STEP_BLOCKS === STEP_BLOCKS - 1) yield;
    let [power, slope] = [0, 0];
    for (let at = from; at < from + count * step; at += step) {
      let sample = 0;
      for (let k = 0; k < step; k += 1) sample += (samples[at + k] as number) / step;
      power += sample * sample;
      slope += (sample - last) ** 2;
      last = sample;
    }
    // Of a tone it is its frequency: the difference of two samples grows with it.
    const ratio = Math.min(4, slope / (power + count));
    blocks.push({
      levelDb: 10 * Math.log10(power / count + 1),
      brightnessHz: (Math.acos(1 - ratio / 2) / (2 * Math.PI)) * BASE_RATE,
    });
  }
  return blocks;
}
