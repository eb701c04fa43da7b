import type { Run } from './cell.js';
import type { Distribution } from './load.js';

/** What a target was found to do at one size: medians of the runs that count. */
export interface Row {
  readonly target: string;
  readonly calls: number;
  /** Runs that count, and all. */
  readonly accepted: number;
  readonly runs: number;
  /** Why runs were rejected, each reason once. */
  readonly rejections: readonly string[];
  readonly cpuPercent: number;
  /** Of it, the main thread's. */
  readonly mainPercent: number;
  readonly rssBytes: number;
  readonly pacingMs: Quantiles;
  readonly roundTripMs: Quantiles;
  readonly stampMs: Quantiles;
  readonly setupP99Ms: number;
  /** Packets that did not come out of those that should have, percent. */
  readonly lossPercent: number;
  /** Of all frames sent of which the way is known, those that did not come back. */
  readonly unreturnedPercent: number;
  readonly reordered: number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** The middle value; of an even number the mean of the two; `NaN` of none. Values that are `NaN` are left out. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? Number.NaN : (upper + lower) / 2;
}

/** Rows in the order in which target and size first came. Where all runs were rejected, their figures stand, marked. */
export function rowsOf(runs: readonly Run[]): readonly Row[] {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const key = `${run.calls} ${run.target}`;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [rowOf(first, group)];
  });
}

function rowOf({ target, calls }: Run, all: readonly Run[]): Row {
  const accepted = all.filter(({ rejections }) => rejections.length === 0);
  const used = accepted.length > 0 ? accepted : all;
  const median = (value: (run: Run) => number): number => medianOf(used.map(value));
  const quantiles = (of: (run: Run) => Distribution | null): Quantiles => ({
    p50: median((run) => of(run)?.p50 ?? Number.NaN),
    p95: median((run) => of(run)?.p95 ?? Number.NaN),
    p99: median((run) => of(run)?.p99 ?? Number.NaN),
    max: median((run) => of(run)?.max ?? Number.NaN),
  });
  return {
    target,
    calls,
    accepted: accepted.length,
    runs: all.length,
    rejections: [...new Set(all.flatMap(({ rejections }) => rejections))],
    cpuPercent: median(({ usage }) => usage.cpuPercent),
    mainPercent: median(({ usage }) => usage.threads.find(({ name }) => name === 'main')?.cpuPercent ?? 0),
    rssBytes: median(({ usage }) => usage.rssBytes),
    pacingMs: quantiles(({ load }) => load.pacingMs),
    roundTripMs: quantiles(({ load }) => load.roundTripMs),
    stampMs: quantiles(({ load }) => load.stampMs),
    setupP99Ms: median(({ load }) => load.setupMs?.p99 ?? Number.NaN),
    lossPercent: median(({ load }) => share(load.lost, load.received + load.lost)),
    unreturnedPercent: median(({ load }) => share(load.sent - load.returned, load.sent)),
    reordered: median(({ load }) => load.reordered),
  };
}

/** Bytes a call takes, from the sizes furthest apart; `undefined` with fewer than two sizes. */
export function bytesPerCall(rows: readonly Row[]): number | undefined {
  const sorted = [...rows].sort((a, b) => a.calls - b.calls);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most || most.calls <= least.calls) return undefined;
  return (most.rssBytes - least.rssBytes) / (most.calls - least.calls);
}

/**
 * The median of what `compare` makes of each pair of runs made one after the other, of runs that both count: what
 * neighbours do to one they do to the other. `NaN` without a pair.
 */
export function medianOfPairs(
  runs: readonly Run[],
  subject: string,
  reference: string,
  calls: number,
  compare: (subject: Run, reference: Run) => number,
): number {
  const of = (target: string): readonly Run[] => runs.filter((run) => run.target === target && run.calls === calls);
  const references = of(reference);
  return medianOf(
    of(subject).flatMap((run, round) => {
      const other = references[round];
      if (!other || run.rejections.length > 0 || other.rejections.length > 0) return [];
      return [compare(run, other)];
    }),
  );
}

function share(part: number, whole: number): number {
  return whole === 0 ? Number.NaN : (100 * part) / whole;
}
