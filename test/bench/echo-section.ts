import { startConnector } from './connector-target.js';
import { atMost, type Finding } from './finding.js';
import { referenceKind } from './reference-target.js';
import { measureKinds, type SectionContext, type SectionReport } from './section.js';
import { bytesPerCall, medianOfPairs, rowsOf } from './summary.js';
import type { TargetKind } from './target.js';

const SIZES = [50, 100, 200, 400, 800] as const;
const QUICK_SIZES = [50, 200, 400] as const;

const NAME = 'connector, echo';
/** Below so many calls the reference does so little that the ratio says nothing. */
const LEAST_CALLS_OF_RATIO = 200;
/** Goals for the whole process, the flavor's own work included. */
const CPU_RATIO = 3.5;
const PACING_DIFFERENCE_MS = 3;
const LOSS_DIFFERENCE_PERCENT = 0.05;
const BYTES_PER_CALL = 64 * 1024;

/** The flavor `echo`, which sends every frame straight back, beside the reference that does the same. */
export async function measureEcho(context: SectionContext): Promise<SectionReport> {
  const { options } = context;
  const subject: TargetKind = {
    name: NAME,
    start: (calls, cpu) =>
      startConnector({ flavor: { use: 'echo', mode: 'immediate' }, engine: options.engine }, calls, cpu),
  };
  const sizes = options.calls ?? (options.quick ? QUICK_SIZES : SIZES);
  const runs = await measureKinds(context, [referenceKind, subject], sizes);
  const pairs = (calls: number, compare: Parameters<typeof medianOfPairs>[4]): number =>
    medianOfPairs(runs, NAME, referenceKind.name, calls, compare);
  const findings = sizes.flatMap((calls): readonly Finding[] => [
    atMost(
      `${calls} calls: loss minus the reference’s`,
      pairs(calls, ({ load }, reference) => lossOf(load) - lossOf(reference.load)),
      LOSS_DIFFERENCE_PERCENT,
      ' %',
      3,
    ),
    ...(calls < LEAST_CALLS_OF_RATIO
      ? []
      : [
          atMost(
            `${calls} calls: CPU, ratio to the reference`,
            pairs(calls, ({ usage }, reference) => usage.cpuPercent / reference.usage.cpuPercent),
            CPU_RATIO,
            '',
          ),
          atMost(
            `${calls} calls: pacing p99 minus the reference’s`,
            pairs(calls, ({ load }, reference) => p99Of(load) - p99Of(reference.load)),
            PACING_DIFFERENCE_MS,
            ' ms',
          ),
        ]),
  ]);
  const bytes = bytesPerCall(rowsOf(runs).filter(({ target, accepted }) => target === NAME && accepted > 0));
  if (bytes !== undefined) findings.push(atMost('memory a call', bytes / 1024, BYTES_PER_CALL / 1024, ' KB', 0));
  return {
    title: 'Echo',
    runs,
    reference: referenceKind.name,
    findings,
    notes: ['The connector’s round trip contains its jitter buffer, which the reference has not.'],
  };
}

function lossOf({ lost, received }: { readonly lost: number; readonly received: number }): number {
  return (100 * lost) / (lost + received);
}

function p99Of({ pacingMs }: { readonly pacingMs: { readonly p99: number } | null }): number {
  return pacingMs?.p99 ?? Number.NaN;
}
