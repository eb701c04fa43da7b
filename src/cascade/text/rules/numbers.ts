import { digitByDigit } from '../digits.js';
import type { SpokenLanguage } from '../language.js';
import type { Rule } from '../rule.js';
import { numberPattern, plainDigits, spokenNumber } from './amounts.js';

/** `3-4 days`, `9:00 – 17:00`, `$10-$15`: to be tried before a sign is taken for a minus. */
export function rangeRules(language: SpokenLanguage): readonly Rule[] {
  return [
    {
      // 5 - 3 = 2
      pattern:
        /(?<=\d)\s[-\u2013](?=\s\d[\d.,]{0,15}(?:\s[-+\u00d7*/]\s\d[\d.,]{0,15}){0,4}\s?=)|(?<=\d)\s?\u2212(?=\s?\d)/uy,
      say: () => `${language.words.minus} `,
    },
    {
      // 3-4 days, 9:00 – 17:00: what stands before was said already.
      pattern:
        /(?<=\d|\d\s?[%\u00b0€£$h]|\d\s?(?:[ap]m|[ap]\.\s?m\.)|\d\.\d{1,2}\.)\s?[-\u2013\u2014]\s?(?=[$€£]?\d)/iuy,
      say: () => `${language.words.to} `,
    },
  ];
}

/** Versions, fractions, codes of letters and digits, and every number that is left. */
export function numberRules(language: SpokenLanguage): readonly Rule[] {
  const { words } = language;
  const number = numberPattern(language);
  return [
    {
      // .5 mg: as 0.5, which the next pass knows with whatever stands behind it.
      pattern: /(?<![\p{L}\p{N}.])\.\d{1,12}(?!\d|[.,]\d)/uy,
      say: (match) => (language.decimalSign === '.' ? `0${match[0]}` : undefined),
    },
    {
      // 1.2.3, 192.168.0.1; not 2.000.000 where that is a number; 1.2 where that is none
      pattern:
        language.decimalSign === '.' ? /\d{1,6}(?:\.\d{1,6}){2,8}(?!\d)/y : /\d{1,6}(?:\.\d{1,6}){1,8}(?!\d|,\d)/y,
      say: (match) => {
        const parts = match[0].split('.');
        if (language.groupSigns.includes('.') && inThousands(parts)) return undefined;
        const sign = language.decimalSign === '.' ? words.point : words.dot;
        return parts.map((part) => language.cardinal(part)).join(` ${sign} `);
      },
    },
    {
      // MP3, COVID-19, A4, B2B, AB12CD, 1Z999AA10123456784; not v1.2.3
      pattern: /(?=\p{L}{0,9}[-\d])(?=\d{0,9}\p{L})[\p{L}\d]{1,30}(?:-(?=\d)\d{1,9})?(?![\p{L}\d]|\.\d)/uy,
      say: (match) => (/\d/.test(match[0]) ? mixed(match[0], language) : undefined),
    },
    {
      // What the number is of is said behind it: -3°C.
      pattern: new RegExp(`(?<![\\p{L}\\p{N}])[-\\u2212](?=${number})`, 'uy'),
      say: () => words.minus,
    },
    {
      pattern: /#\s?(\d{1,9})(?!\d)/y,
      say: (match) =>
        `${words.number} ${(match[1] ?? '').length > 2 ? digitByDigit(match[1] ?? '', language) : language.cardinal(match[1] ?? '')}`,
    },
    {
      // 1/2, and 1 1/2: one and one half
      pattern: /([13])\/([24])(?![\d/])/y,
      say: (match, { before }) => {
        const said = { '1/2': words.half, '1/4': words.quarter, '3/4': words.threeQuarters }[match[0]];
        return said !== undefined && /(?:^|[^\d.,/])\d{1,3}\s$/.test(before) ? `${words.and} ${said}` : said;
      },
    },
    {
      pattern: /(\d{1,9})\s?\/\s?(?=\d)/y,
      say: (match) => `${language.cardinal(match[1] ?? '')} ${words.slash} `,
    },
    {
      pattern: new RegExp(number, 'uy'),
      say: (match) => {
        const whole = match[1] ?? '';
        if (match[2] === undefined && /^\d+$/.test(whole)) return language.bare?.(whole) ?? language.cardinal(whole);
        return spokenNumber(whole, match[2], language);
      },
    },
    {
      // More digits than a number has: `numberPattern` ends at fifteen.
      pattern: /\d+/y,
      say: (match) => digitByDigit(plainDigits(match[0]), language),
    },
  ];
}

/** Groups of a large number, and not of an address: 192.168.100.200. */
function inThousands([first = '', ...groups]: readonly string[]): boolean {
  if (first.length > 3 || groups.length > 4 || groups.some((group) => group.length !== 3)) return false;
  return groups.length !== 3 || [first, ...groups].some((group) => group.startsWith('0') || Number(group) > 255);
}

/** A code: short runs of digits as numbers behind a name, otherwise all one by one. */
function mixed(token: string, language: SpokenLanguage): string {
  const runs = token.match(/\p{L}+|\d+/gu) ?? [];
  const named = runs.length === 2 && /^\p{L}/u.test(token);
  return runs
    .map((run) => {
      if (!/^\d/.test(run)) return !named && /^\p{Lu}+$/u.test(run) ? Array.from(run).join(' ') : run;
      return named && run.length <= 2 && !run.startsWith('0') ? language.cardinal(run) : digitByDigit(run, language);
    })
    .join(' ');
}
