import { digitByDigit, groupsOf, inGroups } from '../digits.js';
import type { SpokenLanguage } from '../language.js';
import type { Rule, RuleContext } from '../rule.js';

/** How many words may stand between `code` and the code: `the code for your booking is 4711`. */
const WORDS_BETWEEN = 4;
/** Right before a code: `ext. 4567`, `Ref. no. 4711`, `Konto-Nr. 12345`. Their dots end no sentence. */
const DOTTED = /(?<!\p{L})(?:ext|r[eé]f|acct|t[eé]l)\.\s(?:n[or]\.\s)?$|-nr\.\s$/iu;
/** Another number stands right before: `room 12 555 123 4567`. */
const BEHIND_NUMBER = /\d\s$/;

/** Numbers that are read digit by digit: of telephones, cards and accounts, and codes. */
export function phoneNumberRules(language: SpokenLanguage): readonly Rule[] {
  const groupsIn = (written: string): string | undefined => {
    const digits = written.replace(/\D/g, '');
    if (digits.length < 7 || digits.length > 19) return undefined;
    const groups = written.split(/\D+/).filter((group) => group !== '');
    const plus = written.trimStart().startsWith('+') ? `${language.words.plus} ` : '';
    return `${plus}${inGroups(
      groups.flatMap((group) => (group.length > 5 ? groupsOf(group) : [group])),
      language,
    )}`;
  };
  const written = (pattern: RegExp): Rule => ({
    pattern,
    say: (match, { before }) => setApart(groupsIn(match[0]), before),
  });
  return [
    written(/\+\d[\d ().\-/]{5,20}\d(?!\d)/y),
    written(/(?:1[-. ])?(?:\(\d{3}\)[-. ]?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\d-])/y),
    written(/\(?0\d{1,5}\)?(?:[ \-/]\d{2,8}){1,5}(?!\d|[.,:]\d)/y),
    // 0 800 123 456, as in France
    written(/0(?: \d{2,4}){2,4}(?!\d|[.,:]\d)/y),
    ...(language.phoneNumbers ?? []).map(written),
    written(/\d{3}-\d{4}(?![\d-])/y),
    // A postal code of the United States with its four digits more.
    written(/\d{5}-\d{4}(?![\d-])/y),
    written(/\d{2,4}(?:-\d{2,4}){2,4}(?![\d-])/y),
    written(/\d{4}(?: \d{4}){2,4}(?!\d)/y),
    {
      pattern: /\d{10,}/y,
      say: (match, { before }) => setApart(inGroups(groupsOf(match[0]), language), before),
    },
    {
      pattern: /0\d{1,8}(?![\d]|[.,:]\d)/y,
      say: (match) => (match[0].length > 5 ? inGroups(groupsOf(match[0]), language) : digitByDigit(match[0], language)),
    },
    {
      pattern: /\d{3,9}(?!\d|[.,:]\d|\s?[%\u00b0€£$])/y,
      say: (match, context) => (isCode(context, language) ? inGroups(codeGroups(match[0]), language) : undefined),
    },
  ];
}

/** With a pause where the number before would be heard as its first digits. */
function setApart(said: string | undefined, before: string): string | undefined {
  return said !== undefined && BEHIND_NUMBER.test(before) ? `, ${said}` : said;
}

function codeGroups(digits: string): readonly string[] {
  return digits.length > 5 ? groupsOf(digits) : [digits];
}

function isCode(context: RuleContext, language: SpokenLanguage): boolean {
  if (DOTTED.test(context.before)) return true;
  const sentence = context.before.split(/[.!?;]\s/).at(-1) ?? '';
  const words = sentence
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== '');
  return words.slice(-WORDS_BETWEEN).some((word) => language.codeWords.includes(word));
}
