import type { Rule } from '../rule.js';
import { isDay } from '../rules/dates.js';

/** Before a day of a year, and never before a fraction. */
const BEFORE_DAY = /\b(?:on|until|till|since|dated|due|(?:mon|tues|wednes|thurs|fri|satur|sun)day,?)\s(?:the\s)?$/iu;
/** Behind a fraction: `3/14 of the total`, `5/8 inch`. */
const BEHIND_FRACTION =
  /^(?:\s?|-)(?:of\s|(?:an?\s)?(?:inch|mile|cup|pound|ounce|teaspoon|tablespoon|share|majority))/iu;

/** Words for numbers, and which comes first. */
export interface SlashWords {
  readonly months: readonly string[];
  readonly dayFirst: boolean;
  ordinal(digits: string): string;
  cardinal(digits: string): string;
}

/** `3/14` without a year: a date or a fraction where what stands around it tells, and neither otherwise. */
export const bareSlash = ({ months, ordinal, cardinal, dayFirst }: SlashWords): Rule => ({
  pattern: /(\d{1,2})\/(\d{1,2})(?![\d/]|[.,]\d)/y,
  say: (match, { before, after }) => {
    const [a, b] = [Number(match[1]), Number(match[2])];
    if (BEHIND_FRACTION.test(after) && a > 0 && a < b && b > 4) {
      return `${cardinal(String(a))} ${ordinal(String(b))}${a === 1 ? '' : 's'}`;
    }
    if (!BEFORE_DAY.test(before)) return undefined;
    const [month, day] = dayFirst ? [b, a] : [a, b];
    const [m, d] = isDay(month, day) ? [month, day] : [day, month];
    return isDay(m, d) ? `${months[m - 1]} ${ordinal(String(d))}` : undefined;
  },
});
