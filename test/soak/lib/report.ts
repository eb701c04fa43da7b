/** One goal against what was measured. */
export interface Finding {
  readonly goal: string;
  readonly measured: string;
  readonly ok: boolean;
}

/** What one part of the measurements found. */
export interface PartReport {
  readonly title: string;
  /** Tables and remarks, ready to print. */
  readonly lines: readonly string[];
  readonly findings: readonly Finding[];
}

/** Makes the measurements of a part. `scale`: what share of its calls to make. */
export type Measure = (tell: (line: string) => void, scale: number) => Promise<PartReport>;

/** `count` at that scale, at least one. */
export function scaled(count: number, scale: number): number {
  return Math.max(1, Math.round(count * scale));
}

/** A text table: the first column to the left, the others to the right. Markdown, so that it can be pasted. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = header.map((name, column) => Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => pad(cells[column] ?? '', width, column)).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => `${'-'.repeat(width + 1)}${column === 0 ? '-' : ':'}`).join('|')}|`;
  return [line(header), rule, ...rows.map(line)];
}

/** Printed text of a part: its tables, then each goal with its verdict. */
export function render({ title, lines, findings }: PartReport): string {
  const verdicts = table(
    ['goal', 'measured', 'kept'],
    findings.map(({ goal, measured, ok }) => [goal, measured, ok ? 'yes' : 'NO']),
  );
  return [`## ${title}`, '', ...lines, '', ...verdicts, ''].join('\n');
}

/** Milliseconds as a table shows them; a dash for what was not measured. */
export function ms(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return `${Math.abs(value) < 10 ? value.toFixed(1) : Math.round(value)}`;
}

/** A share as a percentage with one decimal. */
export function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
}

function pad(text: string, width: number, column: number): string {
  return column === 0 ? text.padEnd(width) : text.padStart(width);
}
