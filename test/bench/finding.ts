/** A figure that the exit code depends on (`media-plane`'s rules say which may). */
export interface Finding {
  readonly goal: string;
  readonly measured: string;
  /** `undefined`: no run counts that would say. */
  readonly ok: boolean | undefined;
}

/** `measured` is at most `limit`; of `NaN` nothing is known. */
export function atMost(goal: string, measured: number, limit: number, unit: string, digits = 2): Finding {
  const known = !Number.isNaN(measured);
  return {
    goal: `${goal} <= ${limit}${unit}`,
    measured: known ? `${measured.toFixed(digits)}${unit}` : 'no run counts',
    ok: known ? measured <= limit : undefined,
  };
}

/** 0 all that is known was kept, 1 something was not, 3 nothing is known though something was asked. */
export function exitCodeOf(findings: readonly Finding[]): 0 | 1 | 3 {
  if (findings.some(({ ok }) => ok === false)) return 1;
  return findings.length > 0 && findings.every(({ ok }) => ok === undefined) ? 3 : 0;
}
