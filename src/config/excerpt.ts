import type { ConfigIssue } from './config-issue.js';
import { REDACTED } from './secrets.js';

/** Offsets into a text: first character, and the one after the last. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** Characters of a line that are shown. */
const MAX_SHOWN_LENGTH = 120;

/** The line that an offset lies in, without its line feed. */
export function lineAround(text: string, offset: number): TextRange {
  const lineFeed = text.indexOf('\n', offset);
  return { start: text.lastIndexOf('\n', offset - 1) + 1, end: lineFeed < 0 ? text.length : lineFeed };
}

/**
 * The first line of `range`, with whatever lies in a range of `secrets` replaced, and where `range` is in what is left.
 */
export function makeExcerpt(
  text: string,
  range: TextRange,
  secrets: readonly TextRange[],
): NonNullable<ConfigIssue['excerpt']> {
  const line = lineAround(text, range.start);
  const hidden = merge(secrets);
  let shown = '';
  /** For each offset in the line, where it is in `shown`. */
  const shownAt: number[] = [];
  let current: TextRange | undefined;
  for (let offset = line.start; offset < line.end; offset += 1) {
    const secret = hidden.find(({ start, end }) => start <= offset && offset < end);
    if (secret && secret === current) {
      shownAt.push(shown.length - REDACTED.length);
      continue;
    }
    current = secret;
    shownAt.push(shown.length);
    const character = text.charAt(offset);
    shown += secret ? REDACTED : character === '\t' ? ' ' : character;
  }
  shownAt.push(shown.length);
  const start = shownAt[range.start - line.start] ?? shown.length;
  const end = shownAt[Math.min(range.end, line.end) - line.start] ?? shown.length;
  return clip(shown.trimEnd(), start, end);
}

/** Keeps the underlined part and what is around it of a line that is too long for a terminal. */
function clip(text: string, start: number, end: number): NonNullable<ConfigIssue['excerpt']> {
  const first =
    text.length > MAX_SHOWN_LENGTH
      ? Math.max(0, Math.min(start - MAX_SHOWN_LENGTH / 3, text.length - MAX_SHOWN_LENGTH))
      : 0;
  const from = Math.floor(first);
  const to = Math.min(text.length, from + MAX_SHOWN_LENGTH);
  const lead = from > 0 ? '… ' : '';
  return {
    text: lead + text.slice(from, to).trimEnd() + (to < text.length ? ' …' : ''),
    start: start - from + lead.length,
    length: Math.max(Math.min(end, to) - start, 1),
  };
}

/** The same ranges in order, those that overlap made one. */
function merge(ranges: readonly TextRange[]): TextRange[] {
  const merged: TextRange[] = [];
  for (const range of [...ranges].sort((one, other) => one.start - other.start)) {
    const last = merged.at(-1);
    if (last && range.start < last.end)
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    else merged.push(range);
  }
  return merged;
}
