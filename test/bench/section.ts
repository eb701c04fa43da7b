import { measureRun, type Run, type RunOptions } from './cell.js';
import type { Finding } from './finding.js';
import type { BenchOptions } from './options.js';
import type { TargetKind } from './target.js';

/** What a section of the bench found. */
export interface SectionReport {
  readonly title: string;
  readonly runs: readonly Run[];
  /** The target that ratios are taken to. */
  readonly reference: string | undefined;
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}

export interface SectionContext {
  readonly options: BenchOptions;
  /** Says what goes on. */
  tell(line: string): void;
}

/** A run that is rejected is made again so many times. */
const SECOND_TRIES = 1;

/**
 * Measures each kind at each size, alternating: one run of each kind, and that as many times as there are rounds. The
 * n-th run of one kind therefore stands beside the n-th of the others.
 */
export async function measureKinds(
  context: SectionContext,
  kinds: readonly TargetKind[],
  sizes: readonly number[],
): Promise<readonly Run[]> {
  const { options, tell } = context;
  const runs: Run[] = [];
  for (const calls of sizes) {
    for (let round = 1; round <= options.rounds; round += 1) {
      for (const kind of kinds) {
        const run = await measureWithTries(kind, calls, options, tell);
        runs.push(run);
        tell(`${kind.name}, ${calls} calls, round ${round}: ${shortly(run)}`);
      }
    }
  }
  return runs;
}

async function measureWithTries(
  kind: TargetKind,
  calls: number,
  options: RunOptions,
  tell: (line: string) => void,
): Promise<Run> {
  for (let tries = 0; ; tries += 1) {
    const run = await measureRun(kind, calls, options);
    if (run.rejections.length === 0 || tries >= SECOND_TRIES) return run;
    tell(`${kind.name}, ${calls} calls, rejected (${run.rejections.join('; ')}): again`);
  }
}

function shortly({ usage, load, rejections }: Run): string {
  const figures = [
    `CPU ${usage.cpuPercent.toFixed(1)} %`,
    `pacing p99 ${load.pacingMs?.p99.toFixed(2) ?? '-'} ms`,
    `round trip p50 ${load.roundTripMs?.p50.toFixed(1) ?? '-'} ms`,
    `lost ${load.lost}`,
  ].join(', ');
  return rejections.length === 0 ? figures : `${figures}; REJECTED: ${rejections.join('; ')}`;
}
