import type { Parsed } from './addresses.js';
import { patternEffort } from './pattern-effort.js';

/** Texts longer than this match nothing: patterns are the operator's, what they are tried on is a stranger's. */
const MAX_MATCHED_LENGTH = 256;

/** The same for header fields, where the pattern has no more than two unbounded repetitions: an Identity has 600 to 1,000. */
const MAX_HEADER_LENGTH = 2_048;
const MAX_HEADER_LOOPS = 2;

/** With more unbounded repetitions than this, even side by side, the time grows too fast with the length of the text. */
const MAX_LOOPS = 4;

/** Ways to go through a text that are tried at most. V8 takes 20 ms for so many, 80 ms the first time, and calls wait. */
const MAX_TRIES = 4_000_000;
/** The same of what is not repeated without bound, on any text. */
const MAX_WAYS = 100_000;

/** A pattern that could not be tried on texts of this length is none for numbers. */
const MIN_MATCHED_LENGTH = 32;

/**
 * Compiles a pattern of a route: an ECMAScript regular expression with the `u` flag (so that a meaningless escape is an
 * error), anchored at both ends, case-sensitive as the user part of a SIP URI is (RFC 3261 section 19.1.4).
 *
 * Refused besides what ECMAScript refuses: repeating without bound a group that repeats or branches itself, such as
 * `(\d+)*`, `(a|b)+` or `(\d{1,3})+`, more than four unbounded repetitions, and a great many ways to match one text, such
 * as `(\d{1,9}){9}`. On a caller's well-chosen number such a pattern can keep the process busy for hours.
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

/** Longest text that a valid pattern is tried on: its time grows with the length to the power of its loops. */
export function maxMatchedLength(source: string, of: 'number' | 'header'): number {
  const { loops, ways } = patternEffort(source);
  const most = of === 'header' && loops <= MAX_HEADER_LOOPS ? MAX_HEADER_LENGTH : MAX_MATCHED_LENGTH;
  return loops === 0 ? most : Math.min(most, lengthWithin(MAX_TRIES / ways, loops));
}

/** The length at which so many loops, side by side, share out a text in `tries` ways: about n^loops / loops!. */
function lengthWithin(tries: number, loops: number): number {
  let arrangements = tries;
  for (let factor = 2; factor <= loops; factor += 1) arrangements *= factor;
  return Math.floor(arrangements ** (1 / loops));
}

function stallingProblem(source: string): string | undefined {
  const { explodes, loops, ways } = patternEffort(source);
  if (explodes) return 'it repeats a group that repeats or branches itself';
  if (loops > MAX_LOOPS) return `it has more than ${MAX_LOOPS} unbounded repetitions`;
  if (ways > MAX_WAYS || maxMatchedLength(source, 'number') < MIN_MATCHED_LENGTH) {
    return 'it can match one text in too many ways';
  }
  return undefined;
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
