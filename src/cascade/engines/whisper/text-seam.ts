import { plainWord, wordsOf } from './words.js';

/** A stretch that two texts have in common lies within so many words at the end of one and the beginning of the other. */
const REACH_WORDS = 14;
const SAME = 3;
const ALIKE = 1;
const DIFFERENT = -2;
const SKIPPED = -1.5;
/**
 * For each word by which the overlap is longer or shorter than is expected, by the time or because the place is known:
 * what the caller says twice stays twice.
 */
const UNEXPECTED = { byTime: -0.5, known: -SAME - 0.5 } as const;
/** Two spellings of a word, or a word and its first half, begin alike in so much of the longer one. */
const ALIKE_SHARE = 0.5;

/** A text, and the time that it took to say it, ms. */
export interface TimedText {
  readonly text: string;
  readonly ms: number;
}

/**
 * The seam of two recordings that share a stretch of speech without a pause: the first ends, and the second begins, in
 * the middle of a word as likely as not. What is common to the texts is found by its words, and they are joined in the
 * middle of it, where both heard whole words: none is lost, none comes twice.
 */
export class TextSeam {
  readonly #sharedMs: number;
  /** Words of the first that are final, once they are. */
  #first: readonly string[] | undefined;
  /** So many words of the second are the last of the first. */
  #common = 0;

  /** @param sharedMs what both recordings have in common */
  constructor(sharedMs: number) {
    this.#sharedMs = sharedMs;
  }

  /** Decides where they are joined, once for all; returns the first text up to there. */
  close(first: TimedText, second: TimedText): string {
    const one = wordsOf(first.text);
    const two = wordsOf(second.text);
    const expected = (this.#sharedMs * (one.length + two.length)) / Math.max(1, first.ms + second.ms);
    const joint = overlapOf(one, two, expected, UNEXPECTED.byTime)?.middle ?? jointByTime(one, two, expected);
    this.#first = one.slice(0, Math.max(0, joint.first));
    this.#common = this.#first.length === 0 ? 0 : joint.second;
    return this.#first.join(' ');
  }

  /** What a text of the second recording, which may be longer by now, says after the first. */
  rest(second: string): string {
    const one = this.#first;
    if (one === undefined || one.length === 0) return second.trim();
    const two = wordsOf(second);
    const after = overlapOf(one, two, this.#common, UNEXPECTED.known)?.end ?? this.#common;
    return two.slice(after).join(' ');
  }

  /** What was said before the second recording, of the text that was final before it. */
  before(final: string): string {
    const words = wordsOf(final);
    return words.slice(0, Math.max(0, words.length - this.#common)).join(' ');
  }
}

/** Words before it: of the first text, and of the second. */
interface Joint {
  readonly first: number;
  readonly second: number;
}

/** Where no word is alike. */
function jointByTime(one: readonly string[], two: readonly string[], expected: number): Joint {
  if (one.length === 0 || two.length === 0) return { first: one.length, second: 0 };
  const words = Math.round(expected);
  const second = Math.floor(words / 2);
  return { first: one.length - (words - second), second };
}

interface Overlap {
  readonly middle: Joint;
  /** Words of the second that are the end of the first. */
  readonly end: number;
}

interface Cell {
  readonly score: number;
  readonly from: Cell | undefined;
  /** Words of the two texts before it, with its own. */
  readonly first: number;
  readonly second: number;
  /** Its words are the same. */
  readonly same: boolean;
}

/** The end of one text that is the beginning of another, by dynamic programming; none without a word in common. */
function overlapOf(
  one: readonly string[],
  two: readonly string[],
  expected: number,
  unexpected: number,
): Overlap | undefined {
  const start = Math.max(0, one.length - REACH_WORDS);
  const plainOne = one.slice(start).map(plainWord);
  const plainTwo = two.slice(0, REACH_WORDS).map(plainWord);
  let row: Cell[] = plainTwo.map((_, j) => edge(start, j));
  row.push(edge(start, plainTwo.length));
  for (const [i, word] of plainOne.entries()) {
    const next: Cell[] = [{ score: 0, from: undefined, first: start + i + 1, second: 0, same: false }];
    for (const [j, other] of plainTwo.entries()) {
      const place = { first: start + i + 1, second: j + 1 };
      const likeness = likenessOf(word, other);
      // The last word of the one and the first of the other may be halves.
      const halves = i === plainOne.length - 1 || j === 0;
      const worth = likeness === DIFFERENT && halves ? 0 : likeness;
      const even = row[j] as Cell;
      const up = row[j + 1] as Cell;
      const left = next[j] as Cell;
      const candidates: Cell[] = [
        { ...place, score: even.score + worth, from: even, same: likeness === SAME },
        { ...place, score: up.score + SKIPPED, from: up, same: false },
        { ...place, score: left.score + SKIPPED, from: left, same: false },
      ];
      next.push(candidates.reduce((best, each) => (each.score > best.score ? each : best)));
    }
    row = next;
  }
  const ends = row.slice(1).filter((cell) => sameWords(cell).length > 0);
  const worth = (cell: Cell): number => cell.score + unexpected * Math.abs(cell.second - expected);
  const [first, ...others] = ends;
  if (first === undefined) return undefined;
  const best = others.reduce((so, each) => (worth(each) > worth(so) ? each : so), first);
  const same = sameWords(best);
  const middle = same[Math.floor(same.length / 2)] ?? best;
  return { middle: { first: middle.first, second: middle.second }, end: best.second };
}

/** Words of the second before the first is reached are words too many. */
function edge(first: number, second: number): Cell {
  return { score: second * SKIPPED, from: undefined, first, second, same: false };
}

/** The words on the way to a cell that are the same in both, the last first. */
function sameWords(cell: Cell): readonly Cell[] {
  const same: Cell[] = [];
  for (let at: Cell | undefined = cell; at !== undefined; at = at.from) if (at.same) same.push(at);
  return same;
}

function likenessOf(one: string, other: string): number {
  if (one === other) return one === '' ? ALIKE : SAME;
  let begin = 0;
  while (begin < one.length && one[begin] === other[begin]) begin += 1;
  return begin >= ALIKE_SHARE * Math.max(one.length, other.length) ? ALIKE : DIFFERENT;
}
