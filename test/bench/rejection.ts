/** What decides whether a run's figures may be used. */
export interface RunConditions {
  /** The generator's own lateness, p99. */
  readonly latenessP99Ms: number;
  /** Time the hypervisor took away. */
  readonly stealPercent: number;
  /** Time of other processes on the core of what was measured. */
  readonly foreignPercent: number;
  readonly calls: number;
  readonly answered: number;
  readonly endedEarly: number;
}

export const rejectionLimits = { latenessP99Ms: 2, stealPercent: 2, foreignPercent: 20 } as const;

/** Why a run is not believed; empty: it is. */
export function rejectionsOf(run: RunConditions): readonly string[] {
  const { latenessP99Ms, stealPercent, foreignPercent } = rejectionLimits;
  const reasons: string[] = [];
  // NaN, where nothing was measured, is not within limits either.
  if (!(run.latenessP99Ms <= latenessP99Ms)) reasons.push(`generator late by ${run.latenessP99Ms.toFixed(1)} ms`);
  if (!(run.stealPercent <= stealPercent)) reasons.push(`steal ${run.stealPercent.toFixed(1)} %`);
  if (!(run.foreignPercent <= foreignPercent))
    reasons.push(`others took ${run.foreignPercent.toFixed(0)} % of the core`);
  if (run.answered < run.calls) reasons.push(`${run.calls - run.answered} calls not answered`);
  if (run.endedEarly > 0) reasons.push(`${run.endedEarly} calls ended early`);
  return reasons;
}
