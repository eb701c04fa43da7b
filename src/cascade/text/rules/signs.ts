import type { SpokenLanguage } from '../language.js';
import { anyOf, type Rule, type RuleContext } from '../rule.js';
import { sentenceDot } from '../sentence-end.js';

/** Abbreviations, and signs that have a name. */
export function signRules(language: SpokenLanguage): readonly Rule[] {
  const { words } = language;
  const named: Readonly<Record<string, string>> = {
    '&': words.and,
    '@': words.at,
    '+': words.plus,
    '=': words.equals,
    '\u00d7': words.times,
    '\u00f7': words.dividedBy,
    '\u00b1': `${words.plus} ${words.or} ${words.minus}`,
    '\u2248': words.about,
    '%': words.percent,
    '\u00b0': words.degrees,
    '\u00b2': words.squared,
    '\u00b3': words.cubed,
    '\u00bd': words.half,
    '\u2153': words.third,
    '\u00bc': words.quarter,
    '\u00be': words.threeQuarters,
    '\u2264': words.atMost,
    '\u2265': words.atLeast,
  };
  const compared: Readonly<Record<string, string>> = { '~': words.about, '<': words.lessThan, '>': words.moreThan };
  const abbreviated = Object.keys(language.abbreviations);
  return [
    ...(abbreviated.length === 0
      ? []
      : [
          {
            pattern: new RegExp(`(?:${anyOf(abbreviated)})(?![\\p{L}\\d])`, 'uy'),
            say: (match: RegExpExecArray, context: RuleContext) => abbreviation(match[0], context),
          },
        ]),
    {
      pattern: /[&@+=\u00d7\u00f7\u00b1\u2248%\u00b0\u00b2\u00b3\u00bd\u2153\u00bc\u00be\u2264\u2265]/y,
      say: (match) => named[match[0]],
    },
    {
      // Press # or *: markup was taken out before.
      pattern: /[*#](?=[\s"').,;:!?]|$)|\*(?=\d)/y,
      say: (match, { before }) => {
        if (!/(?:^|[\s"'(])$/.test(before)) return undefined;
        return match[0] === '*' ? words.starKey : words.hashKey;
      },
    },
    { pattern: /[~<>](?=\s?\p{Sc}?\d)/uy, say: (match) => compared[match[0]] },
    {
      pattern: /(?<=\p{L})\/(?=\p{L})/uy,
      say: ({ input, index }) => (endsIn(input, index, words.and) ? '' : words.or),
    },
  ];

  function abbreviation(written: string, { after }: RuleContext): string | undefined {
    const entry = language.abbreviations[written];
    const said = typeof entry === 'function' ? entry(after) : entry;
    return said === undefined ? undefined : `${said}${sentenceDot(written, after, language)}`;
  }
}

function endsIn(text: string, index: number, word: string): boolean {
  return text.slice(Math.max(0, index - word.length), index).toLowerCase() === word;
}
