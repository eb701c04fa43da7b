import type { Parsed } from './addresses.js';

/** Texts longer than this match nothing: patterns are the operator's, what they are tried on is a stranger's. */
export const MAX_MATCHED_LENGTH = 256;

/** The same for header fields, where the pattern leaves no more than two ways to go wrong: an Identity has 600 to 1,000. */
const MAX_HEADER_LENGTH = 2_048;
const MAX_HEADER_LOOPS = 2;

/** A repetition beyond this counts as unbounded. */
const MANY = 10;

/** With more unbounded repetitions than this, even side by side, the time grows too fast with the length of the text. */
const MAX_LOOPS = 4;

/**
 * Compiles a pattern of a route: an ECMAScript regular expression with the `u` flag (so that a meaningless escape is an
 * error), anchored at both ends, case-sensitive as the user part of a SIP URI is (RFC 3261 section 19.1.4).
 *
 * Refused besides what ECMAScript refuses: repeating without bound a group that repeats or branches itself, such as
 * `(\d+)*` or `(a|b)+`, and more than four unbounded repetitions. On a caller's well-chosen number such a pattern can
 * keep the process busy for hours.
 */
export function compilePattern(source: string): Parsed<RegExp> {
  try {
    // Alone first: `2000)|(?:.*` is no expression by itself, but would be one between the anchors.
    new RegExp(source, 'u');
  } catch (error) {
    return { ok: false, problem: `bad regular expression: ${syntaxProblem(error)}`, ...syntaxHelp(source) };
  }
  const problem = stallingProblem(source);
  if (problem !== undefined) {
    const help = 'repeat a single character class instead, such as [0-9*#]+';
    return { ok: false, problem: `a hostile number could stall this regular expression: ${problem}`, help };
  }
  return { ok: true, value: new RegExp(`^(?:${source})$`, 'u') };
}

/** Whether a compiled pattern matches the whole of `text`, which is at most `maxLength` long. */
export function matchesPattern(pattern: RegExp, text: string, maxLength: number = MAX_MATCHED_LENGTH): boolean {
  return text.length <= maxLength && pattern.test(text);
}

/** Longest header field that a valid pattern is tried on: its time grows with the length to the power of its loops. */
export function maxHeaderLength(source: string): number {
  let loops = 0;
  for (const [text] of source.matchAll(TOKEN)) if (isLoop(text)) loops += 1;
  return loops <= MAX_HEADER_LOOPS ? MAX_HEADER_LENGTH : MAX_MATCHED_LENGTH;
}

/** V8 says `Invalid regular expression: /+44/u: Nothing to repeat`; the last part is the news. */
function syntaxProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const problem = message.slice(message.lastIndexOf(': ') + 2);
  return problem.charAt(0).toLowerCase() + problem.slice(1);
}

function syntaxHelp(source: string): { help?: string } {
  if (/^[+*?]/.test(source)) {
    return {
      help: `a "${source.charAt(0)}" that means itself is written \\${source.charAt(0)}; inside double quotes, \\\\${source.charAt(0)}`,
    };
  }
  return {};
}

/** The elements of a valid pattern. */
const TOKEN = /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?|[)|]|(?:[*+?]|\{\d+(?:,\d*)?\})\??|[\s\S]/gu;

/** Walks a valid pattern, group by group, and looks for loops within loops. */
function stallingProblem(source: string): string | undefined {
  /** For each open group: whether it contains a loop or a branch so far. */
  const groups: boolean[] = [false];
  let closedGroup = false;
  let loops = 0;
  for (const [text] of source.matchAll(TOKEN)) {
    const isClosing = text === ')';
    if (text.startsWith('(')) {
      groups.push(false);
    } else if (isClosing) {
      const inner = groups.pop() ?? false;
      closedGroup = inner;
      if (inner) markOpen(groups);
    } else if (text === '|') {
      markOpen(groups);
    } else if (isLoop(text)) {
      if (closedGroup) return 'it repeats a group that repeats or branches itself';
      loops += 1;
      markOpen(groups);
    }
    if (!isClosing) closedGroup = false;
  }
  return loops > MAX_LOOPS ? `it has more than ${MAX_LOOPS} unbounded repetitions` : undefined;
}

function markOpen(groups: boolean[]): void {
  groups[groups.length - 1] = true;
}

function isLoop(quantifier: string): boolean {
  if (/^[*+]/.test(quantifier)) return true;
  const bounds = /^\{(\d+)(?:(,)(\d*))?\}/.exec(quantifier);
  if (!bounds) return false;
  const [, least = '', comma, most = ''] = bounds;
  if (comma === undefined) return Number(least) > MANY;
  return most === '' || Number(most) > MANY;
}
