import { findRuns, type Run } from '../lib/audio-search.js';

/** A text as somebody said it: its samples as the phone gets them, and when each of its words sounds. */
export interface Rendering {
  readonly words: readonly string[];
  /** 8000 Hz. */
  readonly samples: Int16Array;
  /** Of each word, ms. */
  readonly times: readonly { readonly startMs: number; readonly endMs: number }[];
}

/** What was heard of a sentence that several said in turn. */
export interface HeardSentence {
  /** Of each word how much was heard, in all renderings: 1 is once. */
  readonly shares: readonly number[];
  readonly lost: number;
  readonly repeated: number;
  /** Place in what was heard at which the first rendering was left; `undefined` where only one was heard. */
  readonly seamSample: number | undefined;
}

const PER_MS = 8;
/** Of a word, this much must be heard. */
const HEARD = 0.7;
/** A sample that sounds: 50 dB below full scale. */
const AUDIBLE = 104;

/**
 * Finds renderings in what was heard, sample for sample, and counts the words of the sentence. Each moment belongs to one
 * rendering: one voice says some sounds twice in the same way.
 *
 * @param from of each rendering, the index in the sentence of its first word
 */
export function heardSentence(
  sentence: readonly string[],
  renderings: readonly { readonly rendering: Rendering; readonly from: number }[],
  heard: Int16Array,
): HeardSentence {
  const found = renderings.map(({ rendering }) => findRuns(rendering.samples, heard));
  const own = exclusive(found, heard.length);
  const shares = sentence.map(() => 0);
  for (const [index, { rendering, from }] of renderings.entries()) {
    const said = own[index] ?? new Uint8Array(0);
    for (const [word, { startMs, endMs }] of rendering.times.entries()) {
      const share = shareOf(rendering.samples, said, Math.round(startMs * PER_MS), Math.round(endMs * PER_MS));
      shares[from + word] = (shares[from + word] ?? 0) + share;
    }
  }
  const [first] = found;
  const last = first?.findLast(({ length }) => length >= 400);
  return {
    shares,
    lost: shares.filter((share) => share < HEARD).length,
    repeated: shares.filter((share) => share > 2 - HEARD).length,
    seamSample: renderings.length < 2 || last === undefined ? undefined : last.heardStart + last.length,
  };
}

/** Which samples of each rendering were heard; the longest runs first, and no moment of the call twice. */
function exclusive(found: readonly (readonly Run[])[], length: number): readonly Uint8Array[] {
  const said = found.map((runs) => new Uint8Array(Math.max(0, ...runs.map((run) => run.itemStart + run.length))));
  const taken = new Uint8Array(length);
  const all = found.flatMap((runs, index) => runs.map((run) => ({ ...run, index })));
  for (const { index, itemStart, heardStart, length: samples } of all.toSorted((a, b) => b.length - a.length)) {
    const own = said[index];
    for (let i = 0; own !== undefined && i < samples; i += 1) {
      if (taken[heardStart + i] === 1) continue;
      taken[heardStart + i] = 1;
      own[itemStart + i] = 1;
    }
  }
  return said;
}

function shareOf(samples: Int16Array, said: Uint8Array, from: number, to: number): number {
  let [sounding, heard] = [0, 0];
  for (let at = from; at < Math.min(to, samples.length); at += 1) {
    if (Math.abs(samples[at] ?? 0) < AUDIBLE) continue;
    sounding += 1;
    heard += said[at] ?? 0;
  }
  return sounding === 0 ? 0 : heard / sounding;
}

const FRAME = 80;

/**
 * The longest stretch 34 dB below the loudest sample within `aboutMs` of a place, ms. What follows the last sound is no gap:
 * everything has been said.
 */
export function longestSilence(heard: Int16Array, place: number, aboutMs: number): number {
  const quiet = heard.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0) / 50;
  let [longest, run] = [0, 0];
  const end = heard.findLastIndex((sample) => Math.abs(sample) >= quiet) + 1;
  const until = Math.min(end, place + aboutMs * PER_MS);
  for (let at = Math.max(0, place - aboutMs * PER_MS); at + FRAME <= until; at += FRAME) {
    let peak = 0;
    for (let i = at; i < at + FRAME; i += 1) peak = Math.max(peak, Math.abs(heard[i] ?? 0));
    run = peak < quiet ? run + FRAME / PER_MS : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}
