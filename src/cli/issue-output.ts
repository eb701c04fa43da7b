import { type ConfigIssue, formatConfigIssues } from '../config/reading/config-issue.js';
import type { CliIo } from './cli-io.js';

/** An issue as `--json` prints it. */
export type PrintedIssue = Omit<ConfigIssue, 'excerpt'>;

/** Issues without the excerpt that is made for eyes. */
export function toPrintedIssues(issues: readonly ConfigIssue[]): PrintedIssue[] {
  return issues.map(({ excerpt: _excerpt, ...issue }) => issue);
}

/** Issues on stderr, in colour on a terminal unless NO_COLOR is set. */
export function printIssues(issues: readonly ConfigIssue[], { env, stderr }: CliIo): void {
  if (issues.length === 0) return;
  stderr.write(`${formatConfigIssues(issues, { color: stderr.isTTY === true && !env['NO_COLOR'] })}\n`);
}

/** `2 errors, 1 warning`. */
export function countIssues(errors: number, warnings: number): string {
  const parts = [
    ...(errors === 0 ? [] : [errors === 1 ? '1 error' : `${errors} errors`]),
    ...(warnings === 0 ? [] : [warnings === 1 ? '1 warning' : `${warnings} warnings`]),
  ];
  return parts.join(', ');
}
