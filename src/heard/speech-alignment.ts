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
  /** All of the text is in these blocks, and nothing else. */
  readonly complete: boolean;
}

/** A text as it may be read, at one tempo. */
export interface Reading {
  /** Natural logarithm of how well text and speech agree: to compare tempos. */
  readonly evidence: number;
  /**
   * Blocks from the beginning to the end of each sound, as far as the speech goes. Not whole numbers. `undefined`: it
   * cannot be told. Takes as long as the reading itself: not worked out before it is asked for.
   */
  ends(): readonly number[] | undefined;
}

/** Borders between levels, dB, and between brightnesses, Hz. */
const LEVELS = [-32, -25, -18, -12, -7, -3] as const;
const BRIGHTNESSES = [220, 350, 500, 700, 1000, 1600, 2400] as const;
/**
 * How much likelier than any other a block of this level and brightness is in each kind of sound, natural logarithms:
 * counted in synthetic English of three voices whose sounds are known. Rows of levels, quiet first; of each, dull first.
 */
// biome-ignore format: a table
const likelihoods: Readonly<Record<Exclude<SoundClass, 'any'>, readonly number[]>> = {
  vowel: [
    -3, -3, -3, -2.5, -2.7, -3, -3, -3,
    -2.1, -1.8, -1.5, -1.5, -2.6, -3, -3, -3,
    -1.2, -0.7, -0.8, -1.2, -1.9, -2.7, -3, -3,
    -0.8, -0.3, -0.2, -0.3, -0.5, -0.7, -1.6, -3,
    -0.5, 0.1, 0.3, 0.4, 0.4, 0.1, -2, -3,
    -0.2, 0.3, 0.5, 0.6, 0.7, 0.7, -0.7, -3,
    0.1, 0.5, 0.6, 0.7, 0.8, 0.8, 0.2, -3,
  ],
  nasal: [
    -1.4, -1.2, -2.4, -2.4, -3, -3, -3, -3,
    -0.1, -0.5, -2.5, -2, -1.4, -1.8, -3, -3,
    0.5, -0.1, -1.2, -1.5, -1.2, -1.6, -3, -3,
    0.9, -0.1, -1.5, -2.7, -1.7, -0.9, -2.6, -3,
    1.2, -0.3, -2.3, -3, -3, -1.4, -3, -3,
    1.4, -0.1, -1.6, -3, -3, -3, -3, -3,
    1.5, -0.1, -2.2, -3, -3, -3, -3, -3,
  ],
  liquid: [
    -2.5, -3, -3, -3, -3, -3, -3, -3,
    -1.5, -1.4, -1.4, -1.4, -2.2, -2.5, -3, -3,
    -0.8, -0.9, -0.9, -0.5, -0.8, -1.3, -1.8, -2.7,
    -0.5, -0.2, -0.3, -0.4, -1, -2.1, -2.5, -3,
    0, 0.5, 0.4, -0.1, -1.3, -3, -3, -3,
    0.1, 0.6, 0.6, 0.3, -0.2, -1, -3, -3,
    -0.2, 0.4, 0.5, 0.3, -0.6, -2.2, -3, -3,
  ],
  sibilant: [
    -2, -1.1, -0.3, 0, 0.6, 0.8, 1, 1.3,
    -1.1, -0.9, 0, 0, 0.1, -0.2, 0.3, 1.3,
    -0.6, -0.7, -0.1, 0.2, 0.4, 0.5, 1.1, 1.7,
    -0.6, -0.7, -0.1, 0.4, 0.9, 1.1, 1.6, 1.9,
    -0.6, -0.8, -0.5, -0.2, 0.4, 0.9, 2, 2.1,
    -1.2, -1.6, -1.9, -2.5, -2.4, -2.2, 1.5, 2,
    -2, -2.6, -3, -3, -3, -3, -3, 1.6,
  ],
  breath: [
    -3, -1.8, -0.8, 0.4, 1, 1.2, 1.5, 1.5,
    -1.4, -0.1, 0.6, 1.1, 1.3, 1.4, 1.6, 1.1,
    0.3, 0.9, 1.1, 1, 0.8, 0.3, 0.7, -0.4,
    0.7, 0.8, 0.5, 0.1, -0.3, -1.7, -1.1, -2,
    0.4, 0.2, -0.4, -1.5, -3, -3, -3, -3,
    -0.3, -0.7, -1.5, -2.9, -3, -3, -3, -3,
    -1.2, -1.8, -3, -3, -3, -3, -3, -3,
  ],
  stop: [
    1.8, 1.7, 1.7, 1.5, 1.2, 1, 0.7, 0.3,
    1.6, 1.5, 1.3, 1.1, 1.2, 1.2, 1, 0.6,
    1.1, 0.9, 0.9, 0.9, 1.1, 1.3, 1, 0.4,
    0.6, 0.5, 0.6, 0.7, 0.6, 0.7, 0.3, -0.4,
    0, -0.2, -0.4, -0.4, -0.6, -0.4, -2.7, -2.3,
    -0.8, -1.2, -1.8, -2.6, -3, -3, -3, -3,
    -2, -2.6, -3, -3, -3, -3, -3, -3,
  ],
};
const CELLS = (LEVELS.length + 1) * (BRIGHTNESSES.length + 1);

/** Blocks of one sound are alike: two tell less than twice as much as one. */
const WEIGHT = 0.4;
/** A sound lasts so much longer or shorter than its letters say: of its length, and in blocks. */
const UNEVENNESS = 0.45;
const SPREAD_BLOCKS = 1;
/** No sound is so much longer than its letters say, in standard deviations. */
const LONGEST = 4;
/** A pause within a word, such as a long stop; and one where the text has no punctuation. */
const WITHIN_COST = 5;
const UNMARKED_COST = 4;
/** Speech is nowhere so far from where its letters alone would be, blocks. */
const BAND = 50;
const WIDTH = 2 * BAND + 1;
/** Where so much of the speech sounds alike, nothing can be told by its sound. */
const MONOTONOUS = 0.95;
/** Lengths of sounds are told apart by so much of a letter. */
const LENGTH_STEPS = 20;
/** So much of the likelihoods of lengths is what all lengths come to: a slow tempo with few sounds is not likelier by itself. */
const LENGTH_NORM = 0.75;
/** Places that are so much less likely than the likeliest are given up. */
const GIVEN_UP = 0.00001;
/** Natural logarithms between which numbers can be multiplied. */
const MOST_EVIDENCE = 600;

/**
 * When each sound of a text ends: the mean of all ways to cut speech into the sounds of its text, each as likely as it
 * is, by the forward-backward algorithm. Where the evidence is weak that is the middle between what is possible. Hissing,
 * stops and vowels are told apart by level and brightness alone, so it needs no language and no model; sounds whose kind
 * is unknown go by their length.
 */
export class SpeechAligner {
  readonly #speech: SpeechToAlign;
  readonly #evidence: Evidence;
  readonly #paused: Uint8Array;
  readonly #weight: number;

  constructor(speech: SpeechToAlign) {
    const { blocks, pauses, sounds } = speech;
    this.#speech = speech;
    this.#evidence = evidenceOf(blocks);
    this.#paused = new Uint8Array(blocks.length + 1);
    for (const pause of pauses) if (pause <= blocks.length) this.#paused[pause] = 1;
    this.#weight = sounds.reduce((sum, { weight }) => sum + weight, 0);
  }

  /**
   * @param lasts how long the whole text takes, blocks: guessed where not all of it has come, and of no matter where it has
   * @returns `undefined`: it cannot be so
   */
  read(lasts: number): Reading | undefined {
    const { blocks, sounds, markCosts, complete } = this.#speech;
    if (sounds.length === 0 || blocks.length === 0) return undefined;
    const columns = blocks.length + 1;
    const perWeight = (complete ? blocks.length : lasts) / this.#weight;
    const rows: Row[] = [];
    // Most sounds are one letter.
    const lengths = new Map<number, Float64Array>();
    let weight = 0;
    for (const [index, { sound, weight: own, wordEnd }] of sounds.entries()) {
      weight += own;
      const middle = Math.round(weight * perWeight);
      if (!complete && middle - BAND >= columns) break;
      const key = Math.round(own * LENGTH_STEPS);
      if (!lengths.has(key)) lengths.set(key, likelihoodsOfLengths((key / LENGTH_STEPS) * perWeight));
      rows.push({
        first: Math.min(columns - 1, Math.max(0, middle - BAND)),
        last: Math.min(columns - 1, middle + BAND),
        lengths: lengths.get(key) ?? likelihoodsOfLengths(own * perWeight),
        evidence: this.#evidence[sound],
        ...endLikelihoods(wordEnd !== undefined, markCosts[index] ?? 0),
      });
    }
    return readingOf(rows, this.#paused, complete, rows.length === sounds.length);
  }
}

/** How likely each of some places is, from `first` to `last`. */
interface Reached {
  readonly first: number;
  readonly last: number;
  readonly likely: Float64Array;
}

/** One sound, and what speaks for the places where it may end. */
interface Row {
  /** Places where it may end. */
  readonly first: number;
  readonly last: number;
  /** How likely it is to last so many blocks. */
  readonly lengths: Float64Array;
  /** How likely the speech up to each place is to be this kind of sound. */
  readonly evidence: Float64Array;
  /** How likely it is to end where somebody pauses, where nobody does, and to be left out at a pause. */
  readonly atPause: number;
  readonly elsewhere: number;
  readonly leftOut: number;
}

function endLikelihoods(wordEnds: boolean, markCost: number): Pick<Row, 'atPause' | 'elsewhere' | 'leftOut'> {
  if (!wordEnds) return { atPause: Math.exp(-WITHIN_COST), elsewhere: 1, leftOut: 1 };
  const atPause = markCost === 0 ? Math.exp(-UNMARKED_COST) : 1;
  return { atPause, elsewhere: Math.exp(-markCost), leftOut: atPause };
}

/** Forward over all sounds. `whole`: the last row is the last sound of the text. */
function readingOf(rows: readonly Row[], paused: Uint8Array, complete: boolean, whole: boolean): Reading | undefined {
  const end = paused.length - 1;
  const forward: Reached[] = [];
  let reached: Reached = { first: 0, last: 0, likely: Float64Array.of(1) };
  let logScale = 0;
  // Of what is not complete, the speech may end within the text, or the text within the speech.
  let best = { count: 0, evidence: Number.NEGATIVE_INFINITY, early: false };
  for (const [index, row] of rows.entries()) {
    const final = whole && index === rows.length - 1;
    const { likely, first } = ahead(row, reached, paused, final);
    const scale = normalise(likely);
    if (scale === 0) break;
    logScale += Math.log(scale);
    const atEnd = likely[end - first] ?? 0;
    if (atEnd > 0 && (!complete || final)) {
      const evidence = logScale + Math.log(atEnd);
      if (evidence > best.evidence) best = { count: index + 1, evidence, early: false };
    }
    reached = final ? { first, last: first + likely.length - 1, likely } : narrowed(first, likely);
    forward.push(reached);
    if (complete || !final) continue;
    const evidence = logScale + Math.log(likely.reduce((sum, each) => sum + each, 0));
    if (evidence > best.evidence) best = { count: index + 1, evidence, early: true };
  }
  const { count, evidence, early } = best;
  const last = forward[count - 1];
  if (last === undefined || (!early && last.last < end)) return undefined;
  const likely = new Float64Array(last.likely.length).fill(early ? 1 : 0);
  if (!early) likely[end - last.first] = 1;
  return {
    evidence,
    ends: () => meanEnds(rows, forward.slice(0, count), { ...last, likely }, paused, whole && count === rows.length),
  };
}

/**
 * Back from what follows the last sound: the mean place at which each ends.
 *
 * @param rest how likely it is to end at each place, for all that follows
 * @param whole it is the last sound of the text
 */
function meanEnds(
  rows: readonly Row[],
  forward: readonly Reached[],
  rest: Reached,
  paused: Uint8Array,
  whole: boolean,
): readonly number[] | undefined {
  const ends: number[] = new Array(forward.length);
  let behind = rest;
  for (let index = forward.length - 1; index >= 0; index -= 1) {
    const { first, likely } = forward[index] as Reached;
    let [sum, moment] = [0, 0];
    for (let place = 0; place < likely.length; place += 1) {
      const both = (likely[place] as number) * (behind.likely[place] as number);
      sum += both;
      moment += both * place;
    }
    if (sum === 0) return undefined;
    ends[index] = first + moment / sum;
    if (index === 0) break;
    const final = whole && index === forward.length - 1;
    behind = back(rows[index] as Row, forward[index - 1] as Reached, behind, paused, final);
    normalise(behind.likely);
  }
  return ends;
}

/** Without what is hardly likely at either end. */
function narrowed(first: number, likely: Float64Array): Reached {
  let [from, to] = [0, likely.length - 1];
  while (from < to && (likely[from] as number) < GIVEN_UP) from += 1;
  while (to > from && (likely[to] as number) < GIVEN_UP) to -= 1;
  return { first: first + from, last: first + to, likely: likely.subarray(from, to + 1) };
}

const PAUSE_GAIN = Math.exp(WITHIN_COST);

/** From how likely each end of the sound before is, to how likely each end of this one is. */
function ahead(row: Row, before: Reached, paused: Uint8Array, final: boolean): Reached {
  const { lengths, evidence, atPause, elsewhere, leftOut } = row;
  const first = Math.max(row.first, before.first);
  const last = Math.max(first, Math.min(row.last, before.last + lengths.length - 1));
  const begun = new Float64Array(before.likely.length);
  for (let place = 0; place < begun.length; place += 1) {
    const from = before.first + place;
    const gain = paused[from] === 1 ? PAUSE_GAIN : 1;
    begun[place] = ((before.likely[place] as number) / (evidence[from] as number)) * gain;
  }
  const likely = new Float64Array(last - first + 1);
  for (let to = first; to <= last; to += 1) {
    const longest = Math.min(lengths.length - 1, to - before.first);
    let sum = 0;
    for (let lasting = Math.max(1, to - before.last); lasting <= longest; lasting += 1) {
      sum += (begun[to - lasting - before.first] as number) * (lengths[lasting] as number);
    }
    sum *= evidence[to] as number;
    const none = to <= before.last ? (before.likely[to - before.first] as number) * (lengths[0] as number) : 0;
    if (final) likely[to - first] = sum + none;
    else if (paused[to] === 1) likely[to - first] = sum * atPause + none * leftOut;
    else likely[to - first] = (sum + none) * elsewhere;
  }
  return { first, last, likely };
}

/** From how likely what follows each end of this sound is, to how likely it is after each end of the one before. */
function back(row: Row, before: Reached, rest: Reached, paused: Uint8Array, final: boolean): Reached {
  const { lengths, evidence, atPause, elsewhere, leftOut } = row;
  const ended = new Float64Array(rest.likely.length);
  for (let place = 0; place < ended.length; place += 1) {
    const to = rest.first + place;
    const ending = final ? 1 : paused[to] === 1 ? atPause : elsewhere;
    ended[place] = (rest.likely[place] as number) * (evidence[to] as number) * ending;
  }
  const likely = new Float64Array(before.likely.length);
  for (let from = before.first; from <= before.last; from += 1) {
    const longest = Math.min(lengths.length - 1, rest.last - from);
    let sum = 0;
    for (let lasting = Math.max(1, rest.first - from); lasting <= longest; lasting += 1) {
      sum += (ended[from + lasting - rest.first] as number) * (lengths[lasting] as number);
    }
    sum *= (paused[from] === 1 ? PAUSE_GAIN : 1) / (evidence[from] as number);
    const within = from >= rest.first && from <= rest.last;
    const none = within ? (rest.likely[from - rest.first] as number) * (lengths[0] as number) : 0;
    likely[from - before.first] = sum + none * (final ? 1 : paused[from] === 1 ? leftOut : elsewhere);
  }
  return { first: before.first, last: before.last, likely };
}

/** Makes the largest 1; returns what it was. */
function normalise(likelihoods: Float64Array): number {
  let most = 0;
  for (let at = 0; at < likelihoods.length; at += 1) most = Math.max(most, likelihoods[at] as number);
  if (most > 0) for (let at = 0; at < likelihoods.length; at += 1) likelihoods[at] = (likelihoods[at] as number) / most;
  return most;
}

/** How likely a sound is to last so many blocks when so many are expected. */
function likelihoodsOfLengths(expected: number): Float64Array {
  const variance = (UNEVENNESS * expected) ** 2 + SPREAD_BLOCKS ** 2;
  const longest = Math.min(WIDTH, Math.ceil(expected + LONGEST * Math.sqrt(variance)));
  const likely = new Float64Array(longest + 1);
  let sum = 0;
  for (let lasting = 0; lasting <= longest; lasting += 1) {
    likely[lasting] = Math.exp(-((lasting - expected) ** 2) / (2 * variance));
    sum += likely[lasting] as number;
  }
  for (let lasting = 0; lasting <= longest; lasting += 1) {
    likely[lasting] = (likely[lasting] as number) / sum ** LENGTH_NORM;
  }
  return likely;
}

type Evidence = Readonly<Record<SoundClass, Float64Array>>;

const SOUNDS = ['vowel', 'nasal', 'liquid', 'sibilant', 'breath', 'stop'] as const;

/** For each kind of sound, what speaks for it in all the blocks up to each, against any other. */
function evidenceOf(blocks: readonly SpeechBlock[]): Evidence {
  const cells = blocks.map(cellOf);
  const counts = new Uint32Array(CELLS);
  for (const cell of cells) counts[cell] = (counts[cell] as number) + 1;
  const weight = Math.max(...counts) > MONOTONOUS * blocks.length ? 0 : WEIGHT;
  const sums = [...SOUNDS.map((sound) => likelihoods[sound]), new Array<number>(CELLS).fill(0)].map((kind) => {
    const sum = new Float64Array(blocks.length + 1);
    for (const [at, cell] of cells.entries()) sum[at + 1] = (sum[at] as number) + weight * (kind[cell] as number);
    return sum;
  });
  let most = 0;
  for (const sum of sums) for (let at = 0; at < sum.length; at += 1) most = Math.max(most, Math.abs(sum[at] as number));
  const scale = Math.min(1, MOST_EVIDENCE / most);
  const [vowel, nasal, liquid, sibilant, breath, stop, any] = sums.map((sum) =>
    sum.map((each) => Math.exp(each * scale)),
  );
  return { vowel, nasal, liquid, sibilant, breath, stop, any } as Evidence;
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
