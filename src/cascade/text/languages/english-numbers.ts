import type { Rule } from '../rule.js';

/** Behind these, three digits are those of a service and not a count. */
const CALLS = /\b(?:call|dial|phone|ring)(?:s|ed|ing|led|ling)?\s$/iu;

const weekdays: Readonly<Record<string, string>> = {
  Mon: 'Monday',
  Tue: 'Tuesday',
  Wed: 'Wednesday',
  Thu: 'Thursday',
  Fri: 'Friday',
  Sat: 'Saturday',
  Sun: 'Sunday',
};
const DAY = '(Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const REST = '(?:s|rs|urs|nes)?';

/** Numbers of services, numbers with a word in them, powers, and days of the week from one to another. @param digits their names, from zero on */
export const serviceNumbers = (digits: readonly string[]): readonly Rule[] => {
  const oneByOne = (written: string): string => Array.from(written, (digit) => digits[Number(digit)]).join(' ');
  return [
    {
      // Call 911.
      pattern: /(?:[2-9]11|988|999|112)(?!\d|[-.,:]\d|\s?[%°])/y,
      say: (match, { before }) => (CALLS.test(before) ? oneByOne(match[0]) : undefined),
    },
    {
      // Mon-Fri, Mon.–Thurs.
      pattern: new RegExp(
        `${DAY}${REST}\\.?\\s?[-\\u2013]\\s?${DAY}${REST}(?:\\.(?=\\s?[\\p{Ll}\\d,:(])|(?![\\p{L}\\d]))`,
        'uy',
      ),
      say: (match) => `${weekdays[match[1] ?? '']} to ${weekdays[match[2] ?? '']}`,
    },
    { pattern: /401\s?(?:k|\(k\))(?![\p{L}\d])/iuy, say: () => `${digits[4]} oh ${digits[1]} K` },
    { pattern: /50\/50(?![\d/])/y, say: () => 'fifty-fifty' },
    {
      // 1-800-FLOWERS
      pattern: /(1-)?(8(?:00|33|44|55|66|77|88)|900)-(?=\p{Lu}{2})/uy,
      say: (match) => {
        const code = match[2] ?? '';
        const said = code.endsWith('00') ? `${digits[Number(code[0])]} hundred` : oneByOne(code);
        return match[1] === undefined ? said : `${digits[1]} ${said}`;
      },
    },
    { pattern: /(?<=\d)\^(?=\d)/y, say: () => 'to the power of' },
  ];
};
