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

/** A part of a line that is shown as it is, or the whole of a secret. */
interface Piece extends TextRange {
  readonly isSecret: boolean;
  /** Where it begins in what is shown. */
  readonly at: number;
}

/**
 * A line of a file with its secrets replaced, and where its parts have come to lie. Made once for all mistakes in a
 * line: a file that a program wrote has thousands of them in one.
 */
export class ShownLine {
  readonly #line: TextRange;
  readonly #pieces: readonly Piece[];
  readonly #shown: string;

  /** @param line as {@link lineAround} finds it */
  constructor(text: string, line: TextRange, secrets: readonly TextRange[]) {
    this.#line = line;
    const pieces: Piece[] = [];
    let shown = '';
    for (const piece of piecesOf(line, secrets)) {
      pieces.push({ ...piece, at: shown.length });
      shown += piece.isSecret ? REDACTED : text.slice(piece.start, piece.end).replaceAll('\t', ' ');
    }
    this.#pieces = pieces;
    this.#shown = shown.trimEnd();
  }

  /** Whether an offset lies in this line. */
  has(offset: number): boolean {
    return offset >= this.#line.start && offset <= this.#line.end;
  }

  /** What is shown of it for a range that begins in it: within a secret, where that begins. */
  excerptOf(range: TextRange): NonNullable<ConfigIssue['excerpt']> {
    return clip(this.#shown, this.#placeOf(range.start), this.#placeOf(Math.min(range.end, this.#line.end)));
  }

  #placeOf(offset: number): number {
    // The last piece that begins at or before it.
    let [low, high] = [0, this.#pieces.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#pieces[middle]?.start ?? 0) <= offset) low = middle;
      else high = middle;
    }
    const piece = this.#pieces[low];
    return piece ? piece.at + (piece.isSecret ? 0 : offset - piece.start) : 0;
  }
}

/** A line cut at its secrets; the last piece, which may be empty, ends it. */
function piecesOf(line: TextRange, secrets: readonly TextRange[]): readonly Omit<Piece, 'at'>[] {
  const pieces: Omit<Piece, 'at'>[] = [];
  let from = line.start;
  for (const { start, end } of merge(secrets.filter((secret) => secret.start < line.end && secret.end > line.start))) {
    const hidden = { start: Math.max(start, line.start), end: Math.min(end, line.end) };
    pieces.push({ start: from, end: hidden.start, isSecret: false }, { ...hidden, isSecret: true });
    from = hidden.end;
  }
  pieces.push({ start: from, end: line.end, isSecret: false });
  return pieces;
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
