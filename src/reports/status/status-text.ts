import { counted, money, printable, textTable, whole } from '../text-table.js';
import type { StatusReport } from './status-report.js';

/** The report as a person reads it, lines with their ends. */
export function statusText(report: StatusReport): string {
  const { ready, reasons, calls, mediaPorts, spentTodayUsd, unpricedReports, records } = report;
  const state = ready ? 'takes calls' : 'takes no new calls';
  const unpriced = unpricedReports === 0 ? '' : `, and ${counted(unpricedReports, 'report')} of usage without a price`;
  const facts: readonly (readonly [string, string])[] = [
    ['calls', whole(calls.length)],
    ...report.answers.map(
      ({ flavor, p50Ms, p95Ms, p99Ms }) =>
        [
          'answers',
          `${flavor}: ${whole(p50Ms)}, ${whole(p95Ms)}, ${whole(p99Ms)} ms (p50, p95, p99 of ten minutes)`,
        ] as const,
    ),
    ...report.breakers.map(({ flavor, state: broken }) => ['breaker', `${flavor}: ${broken}`] as const),
    ...report.registrations.map((registration) => ['extension', extension(registration)] as const),
    [
      'media ports',
      `${whole(mediaPorts.open)} open, ${whole(mediaPorts.resting)} resting, ${whole(mediaPorts.free)} free`,
    ],
    ['spent today', `${money(spentTodayUsd)} USD${unpriced}`],
    ...(records.pending + records.lost === 0
      ? []
      : [['records', `${whole(records.pending)} wait for the disk, ${whole(records.lost)} lost`] as const]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = [
    `${state}${reasons.length === 0 ? '' : `: ${printable(reasons.join(', '))}`}`,
    ...facts.map(([name, fact]) => `  ${name.padEnd(width)}  ${printable(fact)}`),
    ...callLines(calls),
  ];
  return `${lines.join('\n')}\n`;
}

function extension({ user, registrar, state, expiresAt, failure }: StatusReport['registrations'][number]): string {
  const until = expiresAt === null ? '' : ` until ${expiresAt}`;
  return `${user} at ${registrar}: ${state}${until}${failure === null ? '' : ` (${failure})`}`;
}

function callLines(calls: StatusReport['calls']): readonly string[] {
  if (calls.length === 0) return [];
  const left = ['call', '', 'from', 'to', 'flavor', 'state'].map((heading) => ({ heading, align: 'left' as const }));
  const right = ['lasts', 'answers', 'latest'].map((heading) => ({ heading }));
  const rows = calls.map(({ id, direction, from, to, flavor, state, durationMs, turns, v2vMs }) => [
    id,
    direction === 'inbound' ? 'in' : 'out',
    from,
    to,
    flavor ?? '',
    state,
    minutes(durationMs),
    whole(turns),
    v2vMs === null ? '' : `${whole(v2vMs)} ms`,
  ]);
  return ['', ...textTable([...left, ...right], rows)];
}

/** `3:07`. */
function minutes(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
