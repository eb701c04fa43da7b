import type { SpokenLanguage } from '../language.js';
import type { Rule } from '../rule.js';

/** Whether there is such a day in some year. */
export function isDay(month: number, day: number): boolean {
  const longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return longest !== undefined && day >= 1 && day <= longest;
}

/** ISO 8601 dates, with or without a time, and times of day, in any language. */
export function dateRules(language: SpokenLanguage): readonly Rule[] {
  return [
    {
      pattern: /(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\d-])/y,
      say: (match, { before }) => {
        const [month, day] = [Number(match[2]), Number(match[3])];
        if (!isDay(month, day)) return undefined;
        const date = language.date({ day, month, year: match[1] ?? '' }, before);
        const [hour, minute] = [Number(match[4]), Number(match[5])];
        return match[4] === undefined || !isTime(hour, minute) ? date : `${date}, ${language.time(hour, minute)}`;
      },
    },
  ];
}

/** `14:30` where the language has no rule of its own for it. */
export function timeRules(language: SpokenLanguage): readonly Rule[] {
  return [
    {
      pattern: /(\d{1,2}):(\d{2})(?::\d{2})?(?![\d:])/y,
      say: (match) => {
        const [hour, minute] = [Number(match[1]), Number(match[2])];
        return isTime(hour, minute) ? language.time(hour, minute) : undefined;
      },
    },
  ];
}

/** Whether a clock can show it; 24:00 is the end of a day. */
export function isTime(hour: number, minute: number): boolean {
  return minute < 60 && (hour < 24 || (hour === 24 && minute === 0));
}

/** Of two digits from 50 on, the last century: who has such a year said on the phone was born in it. */
export function wholeYear(written: string): string {
  return written.length === 4 ? written : `${written >= '50' ? 19 : 20}${written}`;
}

/**
 * Dates with the day first: `1/5/2026`, `01/05/26`, and `le 1/5` where what stands before says that it is a day.
 *
 * @param say the date in words; `year` has four digits
 * @param dayBefore matches text before a day
 * @param partsBehind matches text behind a fraction that could be a day: 3/4 du temps
 */
export function dayFirstRules(
  say: (day: number, month: number, year: string | undefined) => string,
  dayBefore: RegExp,
  partsBehind: RegExp,
): readonly Rule[] {
  return [
    {
      // Behind a date with dashes, one more is the number of an order: 11-12-2024-77; or the way to another date.
      pattern: /(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?![\d/]|(?<=-\d{4})-(?!\d{1,2}-\d{1,2}-\d{4}(?![\d-])))/y,
      say: (match) => {
        const [day, month] = [Number(match[1]), Number(match[2])];
        return isDay(month, day) ? say(day, month, match[3]) : undefined;
      },
    },
    {
      pattern: /(\d{1,2})\/(\d{1,2})(?:\/(\d{2}))?(?![\d/]|[.,]\d)/y,
      say: (match, { before, after }) => {
        const [day, month] = [Number(match[1]), Number(match[2])];
        const isDate = match[3] !== undefined || (dayBefore.test(before) && !partsBehind.test(after));
        if (!isDay(month, day) || !isDate) return undefined;
        return say(day, month, match[3] === undefined ? undefined : wholeYear(match[3]));
      },
    },
  ];
}
