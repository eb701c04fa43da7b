import type { ConfigIssue } from './config-issue.js';
import { REDACTED } from './secrets.js';

/** Offsets into a text: first character, and the one after the last. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

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
  let shown = '';
  /** For each offset in the line, where it is in `shown`. */
  const shownAt: number[] = [];
  let current: TextRange | undefined;
  for (let offset = line.start; offset < line.end; offset += 1) {
    const secret = secrets.find(({ start, end }) => start <= offset && offset < end);
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
  return { text: shown.trimEnd(), start, length: Math.max(Math.min(end, shown.trimEnd().length) - start, 1) };
}
