import { ConnectorError } from '../../base/connector-error.js';

/** A mistake in a configuration file, or something in it that deserves a second look. */
export interface ConfigIssue {
  readonly severity: 'error' | 'warning';
  readonly code: 'ERR_CONFIG_INVALID' | 'ERR_CONFIG_UNREADABLE';
  /** As the operator gave it. */
  readonly file: string;
  /** From 1; 0 when the issue is about the file as a whole. */
  readonly line: number;
  readonly column: number;
  /** `routes[0].match.to`; empty for the file as a whole. */
  readonly key: string;
  readonly message: string;
  /** What to do about it. */
  readonly help?: string;
  /** The line in question, secrets masked, and the part of it to underline (from 0). */
  readonly excerpt?: { readonly text: string; readonly start: number; readonly length: number };
}

/** Sorted by line and column. */
export function inFileOrder(issues: readonly ConfigIssue[]): ConfigIssue[] {
  return [...issues].sort((one, other) => one.line - other.line || one.column - other.column);
}

const ANSI = { error: '\u001b[1;31m', warning: '\u001b[1;33m', place: '\u001b[34m', reset: '\u001b[0m' } as const;

/**
 * Issues for people, the way a good compiler prints them: file, line and column, the line itself with the culprit
 * underlined, and what to do.
 *
 * @param options.color Whether to use ANSI colours.
 */
export function formatConfigIssues(issues: readonly ConfigIssue[], options: { readonly color: boolean }): string {
  return issues.map((issue) => formatIssue(issue, options.color)).join('\n');
}

function formatIssue(issue: ConfigIssue, color: boolean): string {
  const paint = (style: keyof typeof ANSI, text: string): string =>
    color ? `${ANSI[style]}${text}${ANSI.reset}` : text;
  const subject = issue.key === '' ? '' : `${issue.key}: `;
  const lines = [`${paint(issue.severity, `${issue.severity}:`)} ${subject}${issue.message}`];
  const gutter = ' '.repeat(String(issue.line).length);
  if (issue.line === 0) {
    lines.push(`${gutter}${paint('place', '-->')} ${issue.file}`);
  } else {
    lines.push(`${gutter}${paint('place', '-->')} ${issue.file}:${issue.line}:${issue.column}`);
  }
  if (issue.excerpt) {
    const { text, start, length } = issue.excerpt;
    const bar = paint('place', '|');
    lines.push(`${gutter} ${bar}`);
    lines.push(`${paint('place', String(issue.line))} ${bar} ${text}`);
    lines.push(`${gutter} ${bar} ${' '.repeat(start)}${paint(issue.severity, '^'.repeat(Math.max(length, 1)))}`);
  }
  if (issue.help !== undefined) lines.push(`${gutter} ${paint('place', '=')} help: ${issue.help}`);
  return `${lines.join('\n')}\n`;
}

/** The issues as one error to throw: `ERR_CONFIG_UNREADABLE` if the file could not be read, else `ERR_CONFIG_INVALID`. */
export function configError(issues: readonly ConfigIssue[]): ConnectorError {
  const code = issues.find((issue) => issue.severity === 'error')?.code ?? 'ERR_CONFIG_INVALID';
  return new ConnectorError(code, formatConfigIssues(issues, { color: false }).trimEnd());
}
