import { ms, table } from '../soak/lib/report.js';
import type { SectionReport } from './section.js';
import { bytesPerCall, medianOfPairs, type Row, rowsOf } from './summary.js';

const header = [
  'calls',
  'target',
  'CPU',
  'main thread',
  'a call',
  'ratio',
  'pacing p50',
  'p99',
  'max',
  'round trip p50',
  'p99',
  'write to RTP p95',
  'loss',
  'RSS',
  'runs',
] as const;

/** A section as it is printed, and kept in documents: Markdown. */
export function renderSection(report: SectionReport): string {
  const rows = rowsOf(report.runs);
  const lines = [
    `## ${report.title}`,
    '',
    ...table(
      header,
      rows.map((row) => cellsOf(row, report)),
    ),
    '',
  ];
  for (const target of new Set(rows.map((row) => row.target))) {
    const bytes = bytesPerCall(rows.filter((row) => row.target === target));
    if (bytes !== undefined) lines.push(`Memory a call, ${target}: ${(bytes / 1024).toFixed(0)} KB.`);
  }
  lines.push(...report.notes);
  const rejected = rows.flatMap(({ target, calls, rejections }) =>
    rejections.map((reason) => `Rejected, ${target}, ${calls} calls: ${reason}.`),
  );
  lines.push(...rejected, '');
  if (report.findings.length > 0) {
    const verdict = (ok: boolean | undefined): string => (ok === undefined ? 'not known' : ok ? 'yes' : 'NO');
    lines.push(
      ...table(
        ['asserted', 'measured', 'kept'],
        report.findings.map(({ goal, measured, ok }) => [goal, measured, verdict(ok)]),
      ),
      '',
    );
  }
  return lines.join('\n');
}

function cellsOf(row: Row, { reference, runs }: SectionReport): readonly string[] {
  const ratio =
    reference === undefined || row.target === reference
      ? Number.NaN
      : medianOfPairs(
          runs,
          row.target,
          reference,
          row.calls,
          (run, other) => run.usage.cpuPercent / other.usage.cpuPercent,
        );
  return [
    String(row.calls),
    row.target,
    `${row.cpuPercent.toFixed(1)} %`,
    `${row.mainPercent.toFixed(1)} %`,
    `${(row.cpuPercent / row.calls).toFixed(3)} %`,
    number(ratio, 2),
    fine(row.pacingMs.p50),
    fine(row.pacingMs.p99),
    fine(row.pacingMs.max),
    ms(row.roundTripMs.p50),
    ms(row.roundTripMs.p99),
    ms(row.stampMs.p95),
    `${number(row.lossPercent, 3)} %`,
    `${(row.rssBytes / 2 ** 20).toFixed(0)} MB`,
    `${row.accepted} of ${row.runs}`,
  ];
}

function number(value: number, digits: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(digits);
}

function fine(value: number): string {
  return number(value, 2);
}
