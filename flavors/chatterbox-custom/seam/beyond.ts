import {
  Aligner,
  type AlignmentStart,
  type Frame,
  loudestOf,
  type Match,
  oneVoice,
  type Steps,
  type VoiceMean,
} from 'sip-voice-connector/cascade';
import { beginOfSound, endOfSound, quietestOf } from './levels.js';

/** What was heard of a text, and what the same voice has made since then, from some word on. All in frames. */
export interface TailSearch {
  readonly heard: readonly Frame[];
  /** Begins with words that were heard; the place of `match` is at its end. */
  readonly first: readonly Frame[];
  readonly match: Match;
  readonly tempo: NonNullable<AlignmentStart['tempo']>;
  readonly mean: VoiceMean;
}

export interface SequelSearch extends TailSearch {
  /** Of what was heard, nothing before this one may be left out any more. */
  readonly from: number;
  /** Begins with the word that follows the last one of `first`, as far as it has come. */
  readonly second: readonly Frame[];
}

/** A place in what was heard, and the same in the second rendering. */
export interface SequelPlace {
  readonly leave: number;
  readonly enter: number;
}

/** Of what was heard, so much is compared; and its beginning is where it was matched before, give or take so much. */
const TAIL_FRAMES = 90;
const SPREAD_FRAMES = 10;
/** What is drawn out at the end of a text, and how much may be left of it. */
const DRAWN_FRAMES = 35;
const SHARES = [1, 0.75, 0.5] as const;
/**
 * A match goes on so far into the second rendering; what it costs less than the best that does not, a frame, and what at most:
 * faint sounds where the two renderings join are left out like silence, and what is then matched costs more.
 */
const LEAST_FRAMES = 6;
const CLEARLY = 0.05;
const MOST_COST = 0.48;

/** What the end of what was heard costs a frame, where it is matched with the end of a rendering: low where that is what was heard. */
export function* tailCost(search: TailSearch): Steps<number> {
  let least = Number.POSITIVE_INFINITY;
  for (const share of SHARES) least = Math.min(least, (yield* compared(search, [], share)).within);
  return least;
}

/**
 * A voice draws out the last word of what it is asked for, so that one word of it may take as long as two of what was heard, and
 * be matched with them: "had" with "had by", and "by" comes next. Whether what was heard goes on into that is told by the two
 * renderings as one, the drawn out end said as quickly as within a text.
 *
 * @returns `undefined` where it is not beyond doubt that it does: a word may be said twice, none is lost
 */
export function* placeBeyond(search: SequelSearch): Steps<SequelPlace | undefined> {
  let [within, beyond] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let found: Compared | undefined;
  for (const share of SHARES) {
    const one = yield* compared(search, search.second, share);
    within = Math.min(within, one.within);
    const { match, heard, sequel } = one;
    if (match === undefined || !match.settled || match.cost >= beyond) continue;
    if (match.at(heard.length - 1) < sequel.border + LEAST_FRAMES) continue;
    [beyond, found] = [match.cost, one];
  }
  if (found?.match === undefined || beyond > MOST_COST || beyond > within - CLEARLY) return undefined;
  const { sequel, match, heard } = found;
  let border = Math.max(found.from, search.from);
  while (border < heard.length - 1 && match.at(border) < sequel.border) border += 1;
  const leave = quietestOf(match, heard, sequel.frames, border);
  return { leave, enter: sequel.inSecond(match.at(leave)) };
}

interface Compared {
  /** Without silence at its end. */
  readonly heard: readonly Frame[];
  /** What is compared of it. */
  readonly from: number;
  readonly sequel: Sequel;
  /** Cost of the best match that ends within the first rendering, a frame. */
  readonly within: number;
  readonly match: Match | undefined;
}

function* compared(search: TailSearch, second: readonly Frame[], share: number): Steps<Compared> {
  const { first, tempo, mean, match: plain } = search;
  const heard = search.heard.slice(0, endOfSound(search.heard));
  const from = Math.max(plain.start, heard.length - TAIL_FRAMES);
  const start: AlignmentStart = {
    from,
    until: from + SPREAD_FRAMES,
    expected: from,
    spread: SPREAD_FRAMES,
    loudestDb: loudestOf(first),
    tempo,
  };
  const sequel = new Sequel(first.slice(plain.at(from)), second, share);
  const aligner = new Aligner(heard, start, { old: mean, new: mean }, oneVoice);
  let within: number | undefined;
  for (const [at, frame] of sequel.frames.entries()) {
    if (at === sequel.border) within = aligner.best()?.cost;
    aligner.push(frame);
    yield;
  }
  const match = aligner.best();
  if (second.length === 0) within = match?.cost;
  return { heard, from, sequel, within: within ?? Number.POSITIVE_INFINITY, match };
}

/** Two renderings, one of what follows the other, as one: without the silence between them, which is in neither text. */
export class Sequel {
  readonly frames: readonly Frame[];
  /** The first frame that is of the second. */
  readonly border: number;
  readonly #skipped: number;

  /** @param share of what is drawn out at the end of the first, how much is kept */
  constructor(first: readonly Frame[], second: readonly Frame[], share: number) {
    const end = endOfSound(first);
    const drawn = Math.max(0, end - DRAWN_FRAMES);
    const kept = first.slice(0, drawn);
    for (let at = drawn; at < end; at += 1 / share) kept.push(first[Math.floor(at)] as Frame);
    this.border = kept.length;
    this.#skipped = beginOfSound(second);
    this.frames = [...kept, ...second.slice(this.#skipped)];
  }

  /** A frame of it from the border on, as one of the second. */
  inSecond(frame: number): number {
    return frame - this.border + this.#skipped;
  }
}
