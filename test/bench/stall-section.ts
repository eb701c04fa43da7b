import { startConnector } from './connector-target.js';
import { atMost } from './finding.js';
import { measureKinds, type SectionContext, type SectionReport } from './section.js';
import { rowsOf } from './summary.js';
import type { TargetKind } from './target.js';

const SIZES = [200] as const;
/** A worker’s pacing while the main thread computes for 30 ms in every 100. */
const PACING_P99_MS = 10;

/** Whether packets keep leaving on time while the main thread does something else. */
export async function measureStall(context: SectionContext): Promise<SectionReport> {
  const { options } = context;
  const kind = (name: string, stalling: boolean): TargetKind => ({
    name,
    start: (calls, cpu) =>
      startConnector({ flavor: { use: 'echo', mode: 'immediate' }, engine: options.engine, stalling }, calls, cpu),
  });
  const stalled = kind('echo, main thread stalls', true);
  const sizes = options.calls ?? SIZES;
  const runs = await measureKinds(context, [kind('echo, main thread free', false), stalled], sizes);
  const findings = rowsOf(runs)
    .filter(({ target }) => target === stalled.name)
    .map(({ calls, accepted, pacingMs }) =>
      atMost(
        `${calls} calls: pacing p99 while the main thread stalls`,
        accepted > 0 ? pacingMs.p99 : Number.NaN,
        PACING_P99_MS,
        ' ms',
      ),
    );
  return {
    title: 'Main thread stalled for 30 ms in every 100',
    runs,
    reference: undefined,
    findings,
    notes: ['Both threads share one core here: the stall costs the media thread processor time as well.'],
  };
}
