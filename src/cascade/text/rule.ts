/** What stands around the place a rule has found. */
export interface RuleContext {
  /** Up to 48 characters before it, as they were written. */
  readonly before: string;
  /** Up to 48 characters after it. */
  readonly after: string;
}

/**
 * One kind of written token, and how it is said. Rules are tried in order at every place where a token may begin; the
 * first that has something to say takes its match.
 */
export interface Rule {
  /** Sticky. Every quantifier is bounded, or what it matched is always taken: the scan stays linear in hostile text. */
  readonly pattern: RegExp;
  /** What is said, without blanks around it; `undefined` when it is none of these after all. */
  say(match: RegExpExecArray, context: RuleContext): string | undefined;
}

const CONTEXT_CHARS = 48;
const LETTER = /[\p{L}\p{M}]/u;
const DIGIT = /\p{Nd}/u;

/** A token begins where letters, digits and signs meet: never between two letters or two digits. */
type CharacterKind = 'letter' | 'digit' | 'sign';

function kindOf(character: string): CharacterKind {
  if (LETTER.test(character)) return 'letter';
  return DIGIT.test(character) ? 'digit' : 'sign';
}

/** Says all that the rules know, and leaves the rest as it is. Linear in the length of the text. */
export function applyRules(text: string, rules: readonly Rule[]): string {
  const spoken: string[] = [];
  let copiedTo = 0;
  let at = 0;
  let previous: CharacterKind = 'sign';
  while (at < text.length) {
    const kind = kindOf(text.charAt(at));
    const found = kind === 'sign' || kind !== previous ? firstThatSpeaks(text, at, rules) : undefined;
    previous = kind;
    if (found === undefined) {
      at += 1;
      continue;
    }
    const end = at + found.length;
    previous = 'sign';
    spoken.push(text.slice(copiedTo, at), ' ', found.said);
    if (kindOf(text.charAt(end)) !== 'sign') spoken.push(' ');
    copiedTo = end;
    at = end;
  }
  spoken.push(text.slice(copiedTo));
  return spoken.join('');
}

function firstThatSpeaks(
  text: string,
  at: number,
  rules: readonly Rule[],
): { readonly said: string; readonly length: number } | undefined {
  for (const rule of rules) {
    rule.pattern.lastIndex = at;
    const match = rule.pattern.exec(text);
    if (match === null || match[0] === '') continue;
    const end = at + match[0].length;
    const context = {
      before: text.slice(Math.max(0, at - CONTEXT_CHARS), at),
      after: text.slice(end, end + CONTEXT_CHARS),
    };
    const said = rule.say(match, context);
    if (said !== undefined) return { said, length: match[0].length };
  }
  return undefined;
}

/** A text as a regular expression that matches it alone. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** One of the texts, longest first, as the inside of a group; of no texts, what never matches. */
export function anyOf(texts: readonly string[]): string {
  if (texts.length === 0) return '(?!)';
  return [...texts]
    .sort((a, b) => b.length - a.length)
    .map(escaped)
    .join('|');
}
