const MIN_PTIME_MS = 10;
const MAX_PTIME_MS = 60;

/** A packet length that the wheel can keep, ms. The call negotiates within these bounds; a slip there must not stop it. */
export function clampPtime(ptimeMs: number): number {
  const wholeMs = Math.round(ptimeMs / MIN_PTIME_MS) * MIN_PTIME_MS;
  return Math.min(Math.max(wholeMs, MIN_PTIME_MS), MAX_PTIME_MS) || MIN_PTIME_MS;
}
