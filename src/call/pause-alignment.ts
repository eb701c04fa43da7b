/** A silence is left without a mark, or a mark without one, at this cost each. */
const SKIP_COST = 2;
/** A pair so far apart costs 1, in letters. */
const SCALE = 10;
/** Pairs looked at, at most: what is longer than any answer is not aligned. */
const MAX_PAIRS = 250_000;

/**
 * Which silence belongs to which mark, both in order and on one scale: the cheapest of all assignments, by dynamic
 * programming. Returns pairs of indexes, in order.
 */
export function alignPauses(
  pauses: readonly number[],
  marks: readonly number[],
): readonly (readonly [number, number])[] {
  const columns = marks.length + 1;
  if (pauses.length * marks.length > MAX_PAIRS) return [];
  const costs = new Float64Array((pauses.length + 1) * columns);
  for (let pause = 0; pause <= pauses.length; pause += 1) {
    for (let mark = 0; mark <= marks.length; mark += 1) {
      const at = pause * columns + mark;
      if (at === 0) continue;
      const skipPause = pause > 0 ? (costs[at - columns] as number) + SKIP_COST : Number.POSITIVE_INFINITY;
      const skipMark = mark > 0 ? (costs[at - 1] as number) + SKIP_COST : Number.POSITIVE_INFINITY;
      costs[at] = Math.min(skipPause, skipMark, pairCost(costs, columns, pauses, marks, pause, mark));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  let [pause, mark] = [pauses.length, marks.length];
  while (pause > 0 && mark > 0) {
    const at = pause * columns + mark;
    if (costs[at] === pairCost(costs, columns, pauses, marks, pause, mark)) {
      pause -= 1;
      mark -= 1;
      pairs.unshift([pause, mark]);
    } else if (costs[at] === (costs[at - columns] as number) + SKIP_COST) pause -= 1;
    else mark -= 1;
  }
  return pairs;
}

/** Of the first `pause` silences and `mark` marks, the last of both being a pair. */
function pairCost(
  costs: Float64Array,
  columns: number,
  pauses: readonly number[],
  marks: readonly number[],
  pause: number,
  mark: number,
): number {
  if (pause === 0 || mark === 0) return Number.POSITIVE_INFINITY;
  const apart = (pauses[pause - 1] as number) - (marks[mark - 1] as number);
  return (costs[(pause - 1) * columns + mark - 1] as number) + (apart / SCALE) ** 2;
}
