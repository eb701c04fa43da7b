import type { ContractCheck } from './check.js';

/** What became of one check. */
export interface CheckResult {
  readonly id: ContractCheck['id'];
  readonly title: string;
  readonly status: 'passed' | 'failed' | 'not-applicable';
  /** Why it failed. */
  readonly error?: Error;
  /** Why it does not apply. */
  readonly reason?: string;
  /** Parts that could not be looked at, and why. */
  readonly notes: readonly string[];
  /** Wall time. */
  readonly durationMs: number;
}

/** What became of a run. */
export interface ContractReport {
  /** `manifest.id`. */
  readonly flavor: string;
  readonly results: readonly CheckResult[];
  /** Every check of the kit was run, and none failed. A run of selected checks never conforms. */
  readonly conforms: boolean;
}

const marks = { passed: 'ok  ', failed: 'FAIL', 'not-applicable': 'n/a ' } as const;

/** The report as plain text: one line a check, reasons and remarks indented, a summary last. */
export function formatReport(report: ContractReport): string {
  const lines = [`Flavor contract: ${report.flavor}`];
  const counts = { passed: 0, failed: 0, 'not-applicable': 0 };
  for (const result of report.results) {
    counts[result.status] += 1;
    lines.push(`${marks[result.status]} [${result.id}] ${result.title}`);
    if (result.error) lines.push(`       ${result.error.message}`);
    if (result.reason !== undefined) lines.push(`       ${result.reason}`);
    for (const note of result.notes) lines.push(`       note: ${note}`);
  }
  const verdict = report.conforms ? 'conforms' : 'does not conform';
  const sum = `${counts.passed} passed, ${counts.failed} failed, ${counts['not-applicable']} not applicable`;
  lines.push(`${report.flavor} ${verdict}: ${sum}`);
  return lines.join('\n');
}
