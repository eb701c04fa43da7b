/** The end of a word: in letters from the beginning, and what it costs that nobody pauses there. */
export interface WordGap {
  readonly at: number;
  /** 0 where the text has no punctuation. */
  readonly markCost: number;
}

/** A silence that is within a word, such as a long stop, or a breath. */
const IGNORED_COST = 5;
/** A silence where the text has no punctuation. */
const UNMARKED_COST = 4;
/** Silences in a row that may be ignored. */
const MOST_IGNORED = 2;
/** What a stretch of speech may differ by from the letters of its words: variance at once, and for each letter. */
const VARIANCE = 2;
const LETTER_VARIANCE = 0.3;
/** No stretch is so far off, in standard deviations, and no pause from where letters alone would have it; in letters. */
const MOST_DEVIATIONS = 5;
const MOST_DEVIATIONS_OFF = 3;
const MOST_LETTERS_OFF = 12;
/** Pairs looked at, at most: what is longer than any answer is not aligned. */
const MAX_PAIRS = 250_000;

/**
 * Which silence is between which words, both in order and on one scale: the likeliest of all assignments, by dynamic
 * programming over stretches between two silences, whose lengths are compared with those of their words.
 *
 * @param pauses in letters of speech before each, ascending
 * @param gaps ascending, within `total`
 * @param total letters of all the speech
 * @returns pairs of indexes, in order
 */
export function alignPauses(
  pauses: readonly number[],
  gaps: readonly WordGap[],
  total: number,
): readonly (readonly [pause: number, gap: number])[] {
  const [rows, columns] = [pauses.length + 2, gaps.length + 2];
  if (pauses.length === 0 || gaps.length === 0 || rows * columns > MAX_PAIRS) return [];
  // Row and column 0 are the beginning, the last ones the end.
  const times = Float64Array.from([0, ...pauses, total]);
  const ends = Float64Array.from([0, ...gaps.map(({ at }) => at), total]);
  const marks = new Float64Array(columns);
  for (const [index, { markCost }] of gaps.entries()) marks[index + 1] = (marks[index] as number) + markCost;
  marks[columns - 1] = marks[columns - 2] as number;
  const costs = new Float64Array(rows * columns).fill(Number.POSITIVE_INFINITY);
  const before = new Int32Array(rows * columns);
  costs[0] = 0;
  for (let row = 0; row < rows - 1; row += 1) {
    // Nearest to the ends, which are known, it is known best where a pause is.
    const time = times[row] as number;
    const off = MOST_LETTERS_OFF + MOST_DEVIATIONS_OFF * Math.sqrt(LETTER_VARIANCE * Math.min(time, total - time));
    for (let column = lowerBound(ends, time - off, 0); column < columns - 1; column += 1) {
      if ((ends[column] as number) > time + off) break;
      const cost = costs[row * columns + column] as number;
      if (cost === Number.POSITIVE_INFINITY) continue;
      for (let next = row + 1; next < rows && next <= row + 1 + MOST_IGNORED; next += 1) {
        const lasts = (times[next] as number) - (times[row] as number);
        const farthest = MOST_DEVIATIONS * Math.sqrt(VARIANCE + LETTER_VARIANCE * lasts);
        const atEnd = next === rows - 1;
        const from = atEnd ? columns - 1 : lowerBound(ends, (ends[column] as number) + lasts - farthest, column + 1);
        const latest = (ends[column] as number) + lasts + farthest;
        for (let to = from; to < (atEnd ? columns : columns - 1); to += 1) {
          const letters = (ends[to] as number) - (ends[column] as number);
          if (!atEnd && (ends[to] as number) > latest) break;
          const unmarked = !atEnd && gaps[to - 1]?.markCost === 0 ? UNMARKED_COST : 0;
          const sum =
            cost +
            (lasts - letters) ** 2 / (2 * (VARIANCE + LETTER_VARIANCE * letters)) +
            (next - row - 1) * IGNORED_COST +
            ((marks[to - 1] as number) - (marks[column] as number)) +
            unmarked;
          const at = next * columns + to;
          if (sum >= (costs[at] as number)) continue;
          costs[at] = sum;
          before[at] = row * columns + column;
        }
      }
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let at = before[rows * columns - 1] as number; at > 0; at = before[at] as number) {
    pairs.unshift([Math.floor(at / columns) - 1, (at % columns) - 1]);
  }
  return pairs;
}

/** The first index from `from` on whose value is not below `least`. */
function lowerBound(ascending: Float64Array, least: number, from: number): number {
  let [low, high] = [from, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
