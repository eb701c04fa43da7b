import type { Parsed } from './addresses.js';

/** Digits of an E.164 number (ITU-T E.164 section 6), and of the longest number of one's own network. */
const MAX_DIGITS = 15;

/**
 * A number as allow-lists compare it: `+` and the digits of E.164, or the digits alone of a number inside one's own
 * network. Blanks, dots, hyphens, slashes and brackets are taken off. `undefined` for anything else: letters, `*`, `#`, a
 * `+` in the middle, too many digits.
 */
export function normaliseNumber(text: string): string | undefined {
  if (text.length > 64) return undefined;
  const number = text.replace(/[\s.()/-]/g, '');
  return /^\+?\d+$/.test(number) && number.replace('+', '').length <= MAX_DIGITS ? number : undefined;
}

/** A prefix of an allow-list: `+4420`, `2`; `+` allows every international number. */
export function parseNumberPrefix(text: string): Parsed<string> {
  const prefix = text === '+' ? text : normaliseNumber(text);
  if (prefix !== undefined) return { ok: true, value: prefix };
  return {
    ok: false,
    problem: 'expected the beginning of a number',
    help: 'write +4420 for numbers of London, 20 for extensions 20 to 20999, + for every international number',
  };
}

/** Whether a normalised number may be dialled. */
export function isNumberAllowed(number: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => number.startsWith(prefix));
}
