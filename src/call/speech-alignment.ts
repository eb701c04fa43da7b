import type { LetterSound, SoundClass } from './letter-sounds.js';

/** 20 ms of speech: how loud it is below the loud parts of a response, dB, and where its energy lies, Hz. */
export interface SpeechBlock {
  readonly levelDb: number;
  readonly brightnessHz: number;
}

/** Speech, pauses left out, and what is said in it. */
export interface SpeechToAlign {
  readonly blocks: readonly SpeechBlock[];
  /** Pauses that were left out: each before the block of this index. Ascending. */
  readonly pauses: readonly number[];
  readonly sounds: readonly LetterSound[];
  /** What it costs that nobody pauses at the end of each sound. */
  readonly markCosts: readonly number[];
  /** How long the whole text takes, blocks. More than there are: the rest has not come yet. */
  readonly lasts: number;
}

/** Borders between levels, dB, and between brightnesses, Hz. */
const LEVELS = [-30, -21, -13, -6] as const;
const BRIGHTNESSES = [300, 600, 1400] as const;
/**
 * How much likelier than any other a block of this level and brightness is in each kind of sound, natural logarithms:
 * counted in synthetic English of three voices whose sounds are known. Quiet first; of each level, dull first.
 */
const likelihoods: Readonly<Record<Exclude<SoundClass, 'any'>, readonly number[]>> = {
  vowel: [
    -0.5, -0.4, -0.7, -1.4, -0.2, -0.2, -1.2, -1.5, -0.1, -0.3, -0.7, -1.3, -0.1, 0.2, 0.3, -1.2, 0.2, 0.4, 0.6, -1,
  ],
  voiced: [
    -0.6, -0.4, -0.9, -1.4, 0, -0.8, -0.7, -1.2, 0.1, -0.5, -0.3, -1.4, 0.4, -0.6, -1.6, -2.4, 0.5, 0.1, -0.5, -0.3,
  ],
  sibilant: [
    -0.6, 0.2, 0.6, 0.9, -0.6, 0, -0.5, 0.9, -0.6, -0.1, 0.7, 1.6, -0.7, -0.2, 0.4, 1.9, -1.2, -1.4, -1.5, 1.1,
  ],
  breath: [-1.3, -0.3, 0.6, 1.2, -0.5, 0.7, 0.9, 1, 0.2, 0.7, -0.6, -1.9, 0.2, 0, -0.6, -2.7, -0.6, -0.6, -0.9, 0.7],
  stop: [1.2, 0.8, 0.7, 0.5, 0.8, 0.6, 1.2, 0.8, 0.3, 0.6, 0.8, 0.2, -0.1, 0.2, -0.1, -1.9, -0.9, -0.7, -1.5, 0],
};
const CELLS = (LEVELS.length + 1) * (BRIGHTNESSES.length + 1);

/** Blocks of one sound are alike: two tell less than twice as much as one. */
const WEIGHT = 0.25;
/** A sound lasts so much longer or shorter than its letters say: of its length, and in blocks. */
const UNEVENNESS = 0.3;
const SPREAD_BLOCKS = 1;
/** No sound is longer than so many times its letters, and so many blocks. */
const LONGEST = 3;
const LONGEST_BLOCKS = 4;
/** A pause within a word, such as a long stop; and one where the text has no punctuation. */
const WITHIN_COST = 5;
const UNMARKED_COST = 4;
/** Speech is nowhere so far from where its letters alone would be, blocks. */
const BAND = 50;
const WIDTH = 2 * BAND + 1;
/** Where so much of the speech sounds alike, nothing can be told by its sound. */
const MONOTONOUS = 0.95;

/**
 * When each sound of a text ends: the likeliest of all ways to cut speech into the sounds of its text, by dynamic
 * programming. Hissing, stops and vowels are told apart by level and brightness alone, so it needs no language and no
 * model; sounds whose kind is unknown go by their length.
 *
 * @returns blocks from the beginning to the end of each sound, as far as the speech goes; `undefined`: it cannot be told
 */
export function alignSpeech({
  blocks,
  pauses,
  sounds,
  markCosts,
  lasts,
}: SpeechToAlign): readonly number[] | undefined {
  const [rows, columns] = [sounds.length + 1, blocks.length + 1];
  if (sounds.length === 0 || blocks.length === 0) return undefined;
  const sums = emissionSums(blocks);
  const [before, paused] = pauseCounts(pauses, columns);
  const total = sounds.reduce((sum, { weight }) => sum + weight, 0);
  // The last block of what is complete may be missing.
  const open = lasts > blocks.length + 1;
  const perWeight = (open ? lasts : blocks.length) / total;
  // Of each sound, places around where its letters say it ends: the first of them, and how long it is if it ends there.
  const firsts = new Int32Array(rows);
  const taken = new Uint8Array(rows * WIDTH);
  // What it costs to end the sound before at each place, and this one.
  let costsBefore = new Float64Array(WIDTH).fill(Number.POSITIVE_INFINITY);
  let costs = new Float64Array(WIDTH);
  costsBefore[0] = 0;
  const sharesBefore = new Float64Array(WIDTH);
  let weight = 0;
  let best = { row: -1, cost: Number.POSITIVE_INFINITY };
  for (let row = 1; row < rows; row += 1) {
    const { sound, weight: own, wordEnd } = sounds[row - 1] as LetterSound;
    weight += own;
    const emitted = sums[sound];
    const lengthCosts = costsOfLengths(own * perWeight);
    const markCost = markCosts[row - 1] ?? 0;
    const middle = Math.round(weight * perWeight);
    const first = Math.max(0, middle - BAND);
    const last = Math.min(columns - 1, middle + BAND);
    firsts[row] = first;
    const earlier = firsts[row - 1] as number;
    const places = Math.min(WIDTH, columns - earlier);
    // What depends on the beginning of this sound alone: pauses within it and its blocks are differences of two sums.
    for (let at = 0; at < places; at += 1) {
      const from = earlier + at;
      sharesBefore[at] =
        (costsBefore[at] as number) + (emitted[from] as number) - WITHIN_COST * (before[from + 1] as number);
    }
    costs.fill(Number.POSITIVE_INFINITY);
    for (let to = first; to <= last; to += 1) {
      const share = WITHIN_COST * (before[to] as number) - (emitted[to] as number);
      // Left out altogether, it has no pause in it.
      let least =
        to - earlier < places
          ? (costsBefore[to - earlier] as number) + (lengthCosts[0] as number)
          : Number.POSITIVE_INFINITY;
      let length = 0;
      const longest = Math.min(lengthCosts.length - 1, to - earlier);
      for (let lasting = Math.max(1, to - earlier - places + 1); lasting <= longest; lasting += 1) {
        const sum = (sharesBefore[to - lasting - earlier] as number) + share + (lengthCosts[lasting] as number);
        if (sum >= least) continue;
        least = sum;
        length = lasting;
      }
      if (row < rows - 1) {
        if (wordEnd === undefined) least += paused[to] === 1 && length > 0 ? WITHIN_COST : 0;
        else least += paused[to] !== 1 ? markCost : markCost === 0 ? UNMARKED_COST : 0;
      }
      costs[to - first] = least;
      taken[row * WIDTH + to - first] = length;
    }
    [costsBefore, costs] = [costs, costsBefore];
    if (last < columns - 1 || first > last || (!open && row < rows - 1)) continue;
    const cost = costsBefore[last - first] as number;
    if (cost < best.cost) best = { row, cost };
  }
  if (best.row < 0) return undefined;
  const ends: number[] = new Array(best.row);
  for (let row = best.row, at = columns - 1; row > 0; row -= 1) {
    ends[row - 1] = at;
    at -= taken[row * WIDTH + at - (firsts[row] as number)] as number;
  }
  return ends;
}

/** What it costs that a sound lasts so many blocks and not those expected. */
function costsOfLengths(expected: number): Float64Array {
  const variance = 2 * ((UNEVENNESS * expected) ** 2 + SPREAD_BLOCKS ** 2);
  const longest = Math.min(WIDTH, Math.ceil(expected * LONGEST + LONGEST_BLOCKS));
  return Float64Array.from({ length: longest + 1 }, (_, lasting) => (lasting - expected) ** 2 / variance);
}

type Sums = Readonly<Record<SoundClass, Float64Array>>;

/** For each kind of sound, what speaks for it in all the blocks up to each. */
function emissionSums(blocks: readonly SpeechBlock[]): Sums {
  const cells = blocks.map(cellOf);
  const counts = new Uint32Array(CELLS);
  for (const cell of cells) counts[cell] = (counts[cell] as number) + 1;
  const weight = Math.max(...counts) > MONOTONOUS * blocks.length ? 0 : WEIGHT;
  const sum = (kind: readonly number[] | undefined): Float64Array => {
    const sums = new Float64Array(blocks.length + 1);
    if (kind === undefined) return sums;
    for (const [at, cell] of cells.entries()) sums[at + 1] = (sums[at] as number) + weight * (kind[cell] as number);
    return sums;
  };
  const { vowel, voiced, sibilant, breath, stop } = likelihoods;
  return {
    vowel: sum(vowel),
    voiced: sum(voiced),
    sibilant: sum(sibilant),
    breath: sum(breath),
    stop: sum(stop),
    any: sum(undefined),
  };
}

function cellOf({ levelDb, brightnessHz }: SpeechBlock): number {
  return bandOf(levelDb, LEVELS) * (BRIGHTNESSES.length + 1) + bandOf(brightnessHz, BRIGHTNESSES);
}

/** How many of the borders, ascending, `value` is above. */
function bandOf(value: number, borders: readonly number[]): number {
  let band = 0;
  while (value > (borders[band] ?? Number.POSITIVE_INFINITY)) band += 1;
  return band;
}

/** Pauses before each place, itself left out, and whether there is one at it. */
function pauseCounts(pauses: readonly number[], places: number): readonly [before: Uint32Array, at: Uint8Array] {
  const at = new Uint8Array(places);
  for (const pause of pauses) if (pause < places) at[pause] = 1;
  const before = new Uint32Array(places + 1);
  for (let place = 0; place < places; place += 1) before[place + 1] = (before[place] as number) + (at[place] as number);
  return [before, at];
}
