import { amplitudeAt } from '../../../src/audio/amplitude.js';

/** A stretch of one recording that is, sample for sample, a stretch of another. Positions in samples. */
export interface Run {
  readonly itemStart: number;
  readonly heardStart: number;
  readonly length: number;
}

/** Amplitude from which a sample can be heard: 50 dB below full scale, as the connector has it. */
const AUDIBLE = amplitudeAt(-50);
/** Samples that a match begins with. 2 ms: silence apart, no two places of natural speech agree for so long. */
const SEED_SAMPLES = 16;
/** A seed that stands in more places than this is a tone's: the first ones will do. */
const MOST_PLACES = 200;
/** A run of this length is no chance. */
const SURE_SAMPLES = 400;
/** What may be lost between two runs of one playing. */
const LOST_SAMPLES = 480;
/** Shorter agreement is chance. */
const SHORTEST_RUN_SAMPLES = 80;

/**
 * Finds stretches of `item` in `heard`, bit for bit: mu-law that passes through a connector untouched comes out as it went
 * in. In the order in which they were heard, from sample `from` on. The same voice says some sounds twice, so other speech
 * of it has short stretches of the item as well.
 */
export function findRuns(item: Int16Array, heard: Int16Array, from = 0): readonly Run[] {
  const places = indexSeeds(item);
  const runs: Run[] = [];
  for (let at = from; at + SEED_SAMPLES <= heard.length; ) {
    const best = longestRun(item, heard, at, places.get(seedAt(heard, at)) ?? []);
    if (best === undefined || best.length < SHORTEST_RUN_SAMPLES) {
      at += 1;
      continue;
    }
    runs.push(best);
    at = best.heardStart + best.length;
  }
  return runs;
}

/** How far into an item the other side heard it. */
export interface HeardPart {
  /** First sample of the item that was heard and is no silence. */
  readonly soundStartSample: number;
  /** One past the last sample that is surely heard: it is no silence. */
  readonly soundEndSample: number;
  /**
   * One past the last sample that may have been heard: silence of the item cannot be told from the line's. Equal to
   * `soundEndSample` where the cut fell into sound.
   */
  readonly latestEndSample: number;
  /** Audible samples of the item that were lost: before the first found, between two runs, after the last. */
  readonly lost: { readonly before: number; readonly within: number; readonly after: number };
  readonly runs: readonly Run[];
}

/**
 * What of `item` is in `heard`, from sample `from` on; `undefined` when nothing is. It was played from front to back: pauses
 * put in on the way, a beginning left out and an end cut off show as runs that are apart, begin late, or end early. An item
 * that was played twice is found where it begins first.
 */
export function heardPart(item: Int16Array, heard: Int16Array, from = 0): HeardPart | undefined {
  const runs = connected(item, findRuns(item, heard, from));
  const [first, last] = [runs[0], runs.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const end = last.itemStart + last.length;
  let within = 0;
  for (const [index, { itemStart, length }] of runs.entries()) {
    within += countAudible(item, itemStart + length, runs[index + 1]?.itemStart ?? end);
  }
  return {
    soundStartSample: firstSound(item, first.itemStart),
    soundEndSample: lastSound(item, end),
    latestEndSample: endOfSilence(item, end),
    lost: {
      before: countAudible(item, 0, first.itemStart),
      within,
      after: countAudible(item, end, item.length),
    },
    runs,
  };
}

/**
 * The run that the item begins with, or else the longest, and what continues it on both sides: between two runs of one
 * playing no more than three packets' sound is lost.
 */
function connected(item: Int16Array, runs: readonly Run[]): readonly Run[] {
  const beginning = runs.findIndex(
    ({ itemStart, length }) => length >= SURE_SAMPLES && countAudible(item, 0, itemStart) <= LOST_SAMPLES,
  );
  const longest = Math.max(...runs.map(({ length }) => length));
  const anchor = beginning >= 0 ? beginning : runs.findIndex(({ length }) => length === longest);
  const chain = anchor < 0 ? [] : [runs[anchor] as Run];
  for (const run of runs.slice(0, Math.max(0, anchor)).reverse()) {
    if (continues(item, run, chain[0])) chain.unshift(run);
    else if (run.length >= SURE_SAMPLES) break;
  }
  for (const run of runs.slice(anchor + 1)) {
    if (continues(item, chain.at(-1), run)) chain.push(run);
    else if (run.length >= SURE_SAMPLES) break;
  }
  return chain;
}

function continues(item: Int16Array, before: Run | undefined, after: Run | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  const end = before.itemStart + before.length;
  // Both may have reached out into the same silence.
  if (after.itemStart < end && countAudible(item, after.itemStart, end) > 0) return false;
  if (after.itemStart <= before.itemStart) return false;
  const lost = countAudible(item, end, after.itemStart);
  // Where something is missing it must be sure that this is not another sentence.
  return lost === 0 || (lost <= LOST_SAMPLES && after.length >= SURE_SAMPLES);
}

function countAudible(item: Int16Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += 1) if (Math.abs(item[at] ?? 0) >= AUDIBLE) count += 1;
  return count;
}

function firstSound(item: Int16Array, start: number): number {
  let at = start;
  while (at < item.length && item[at] === 0) at += 1;
  return at;
}

function lastSound(item: Int16Array, end: number): number {
  let at = end;
  while (at > 0 && item[at - 1] === 0) at -= 1;
  return at;
}

function endOfSilence(item: Int16Array, from: number): number {
  let at = from;
  while (at < item.length && item[at] === 0) at += 1;
  return at;
}

function longestRun(item: Int16Array, heard: Int16Array, at: number, places: readonly number[]): Run | undefined {
  let best: Run | undefined;
  for (const place of places) {
    let length = 0;
    while (place + length < item.length && at + length < heard.length && item[place + length] === heard[at + length]) {
      length += 1;
    }
    if (best !== undefined && length <= best.length) continue;
    // Silence before the seed belongs to the run as well, where both have it.
    let before = 0;
    while (place - before > 0 && at - before > 0 && item[place - before - 1] === heard[at - before - 1]) {
      before += 1;
    }
    best = { itemStart: place - before, heardStart: at - before, length: length + before };
  }
  return best;
}

/** Where in the item each seed that is not mostly silence stands. */
function indexSeeds(item: Int16Array): ReadonlyMap<number, readonly number[]> {
  const places = new Map<number, number[]>();
  for (let at = 0; at + SEED_SAMPLES <= item.length; at += 1) {
    if (isNearlySilent(item, at)) continue;
    const seed = seedAt(item, at);
    const known = places.get(seed);
    if (known === undefined) places.set(seed, [at]);
    else if (known.length < MOST_PLACES) known.push(at);
  }
  return places;
}

/** Faint noise is alike in many places. */
function isNearlySilent(samples: Int16Array, at: number): boolean {
  let sounding = 0;
  for (let index = at; index < at + SEED_SAMPLES; index += 1) {
    if (Math.abs(samples[index] as number) >= AUDIBLE) sounding += 1;
  }
  return sounding < SEED_SAMPLES / 2;
}

function seedAt(samples: Int16Array, at: number): number {
  let hash = 17;
  for (let index = at; index < at + SEED_SAMPLES; index += 1) {
    hash = (Math.imul(hash, 31) + (samples[index] as number)) | 0;
  }
  return hash;
}
