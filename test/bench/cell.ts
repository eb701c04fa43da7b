import { type LoadFigures, runLoad } from './load.js';
import { type Snapshot, takeSnapshot, type Usage, usageBetween } from './proc.js';
import { rejectionsOf } from './rejection.js';
import type { TargetKind } from './target.js';

export interface RunOptions {
  readonly warmupSeconds: number;
  readonly windowSeconds: number;
  readonly serverCpu: number;
  readonly loadCpu: number;
}

/** One measurement of one target at one size. */
export interface Run {
  readonly target: string;
  readonly calls: number;
  readonly load: LoadFigures;
  readonly usage: Usage;
  /** Why its figures may not be used; empty: they may. */
  readonly rejections: readonly string[];
}

/** Starts the target, loads it, ends it. Rejects when either of them fails. */
export async function measureRun(kind: TargetKind, calls: number, options: RunOptions): Promise<Run> {
  await using target = await kind.start(calls, options.serverCpu);
  let before: Snapshot | undefined;
  let after: Snapshot | undefined;
  const args = [
    ...target.loadArgs,
    ...['--calls', String(calls)],
    ...['--warmup', String(options.warmupSeconds), '--window', String(options.windowSeconds)],
    ...(kind.markerEvery === undefined ? [] : ['--marker-every', String(kind.markerEvery)]),
  ];
  const load = await runLoad(args, options.loadCpu, {
    windowStart: () => {
      before = takeSnapshot(target.pid);
    },
    windowEnd: () => {
      after = takeSnapshot(target.pid);
    },
  });
  if (!before || !after) throw new Error(`no window was measured: ${target.complaint()}`);
  const usage = usageBetween(before, after, options.serverCpu);
  const rejections = rejectionsOf({ ...load, ...usage, latenessP99Ms: load.latenessMs?.p99 ?? Number.NaN });
  const complaint = load.answered < calls ? target.complaint() : '';
  return {
    target: kind.name,
    calls,
    load,
    usage,
    rejections: complaint === '' ? rejections : [...rejections, complaint],
  };
}
