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
  const end = Math.min(range.end, line.end);
  let shown = '';
  // Where the range is in what is shown; within a secret: where that begins.
  const place = { start: 0, end: 0 };
  for (const piece of piecesOf(line, secrets)) {
    const at = shown.length;
    for (const name of ['start', 'end'] as const) {
      const offset = name === 'start' ? range.start : end;
      if (offset >= piece.start) place[name] = at + (piece.isSecret ? 0 : offset - piece.start);
    }
    shown += piece.isSecret ? REDACTED : text.slice(piece.start, piece.end).replaceAll('\t', ' ');
  }
  return clip(shown.trimEnd(), place.start, place.end);
}

/** A line cut at its secrets; the last piece, which may be empty, ends it. In time that the length of a line hardly adds to. */
function piecesOf(
  line: TextRange,
  secrets: readonly TextRange[],
): readonly (TextRange & { readonly isSecret: boolean })[] {
  const pieces: (TextRange & { readonly isSecret: boolean })[] = [];
  let from = line.start;
  for (const { start, end } of merge(secrets.filter((secret) => secret.start < line.end && secret.end > line.start))) {
    const hidden = { start: Math.max(start, line.start), end: Math.min(end, line.end) };
    pieces.push({ start: from, end: hidden.start, isSecret: false }, { ...hidden, isSecret: true });
    from = hidden.end;
  }
  return [...pieces, { start: from, end: line.end, isSecret: false }];
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
