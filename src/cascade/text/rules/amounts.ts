import { digitByDigit } from '../digits.js';
import type { CountedNoun, SpokenCurrency, SpokenLanguage } from '../language.js';
import { anyOf, type Rule } from '../rule.js';
import { sentenceDot } from '../sentence-end.js';

/**
 * A number as the language writes it: groups `whole` and `fraction`, by their place.
 *
 * @param amount What it counts stands beside it, so that it is no date and no time.
 */
export function numberPattern(language: SpokenLanguage, amount = false): string {
  // `19.90 CHF`: with a point where a comma is usual, as long as it cannot be a group.
  const point = '\\.(?=\\d{1,2}(?!\\d|[.,]\\d))';
  const decimal = language.decimalSign === '.' ? '\\.' : amount ? `(?:,|${point})` : ',';
  // India's groups: `12,34,567`.
  const lakhs = language.groupSigns === ',' ? '\\d{1,2}(?:,\\d{2}){1,5},\\d{3}|' : '';
  return `(${lakhs}\\d{1,3}(?:[${language.groupSigns}]\\d{3}){1,4}|\\d{1,15})(?:${decimal}(\\d{1,12}))?(?!\\d)`;
}

/** Only the digits of a whole number. */
export function plainDigits(whole: string): string {
  return whole.replace(/\D/g, '');
}

/** A number in words: the fraction digit by digit. */
export function spokenNumber(whole: string, fraction: string | undefined, language: SpokenLanguage): string {
  const said = language.cardinal(plainDigits(whole));
  return fraction === undefined ? said : `${said} ${language.words.point} ${digitByDigit(fraction, language)}`;
}

/** A number of things. */
function spokenCount(whole: string, fraction: string | undefined, noun: CountedNoun, language: SpokenLanguage): string {
  const digits = plainDigits(whole);
  if (fraction !== undefined) return `${spokenNumber(whole, fraction, language)} ${noun[1]}`;
  if (/^0*1$/.test(digits)) return noun[0];
  const many = /[1-9]\d*0{6}$/.test(digits) ? (language.afterMillions?.(noun[1]) ?? noun[1]) : noun[1];
  return `${language.counted?.(digits, noun[0]) ?? language.cardinal(digits)} ${many}`;
}

/** Money, percentages and measures. */
export function amountRules(language: SpokenLanguage): readonly Rule[] {
  const { words } = language;
  const number = numberPattern(language, true);
  const signs = anyOf(Object.keys(language.currencies));
  const scales = anyOf(Object.keys(language.scales));
  const units = anyOf(Object.keys(language.units));
  const per = '(?:\\s?/\\s?(\\p{L}{1,12}))?';
  const end = '(?![\\p{L}\\d])';
  /** `per month`, `per hour`: a unit's own name is its plural's singular, which stands behind the article. */
  const perWhat = (what: string | undefined): string => {
    if (what === undefined) return '';
    return ` ${words.per} ${language.units[what]?.[0].replace(/^\S+\s/, '') ?? what}`;
  };
  return [
    {
      // $5, US$ 3.20, €1.5 million, £20/month
      pattern: new RegExp(`(-)?(${signs})\\s?(-)?${number}(?:\\s?(${scales})${end})?${per}`, 'uy'),
      say: (match) => {
        const minus = match[1] !== undefined || match[3] !== undefined ? `${words.minus} ` : '';
        return `${minus}${money(match[2], match[4], match[5], match[6])}${perWhat(match[7])}`;
      },
    },
    {
      // 5 €, 20 USD, 3 million dollars stays as it is
      pattern: new RegExp(`${number}(?:\\s?(${scales}))?\\s?(${signs})${end}${per}`, 'uy'),
      say: (match) => `${money(match[4], match[1], match[2], match[3])}${perWhat(match[5])}`,
    },
    {
      pattern: new RegExp(`${number}\\s?%`, 'uy'),
      say: (match) => `${spokenNumber(match[1] ?? '', match[2], language)} ${words.percent}`,
    },
    {
      pattern: new RegExp(`${number}\\s?(${units})${end}${per}`, 'uy'),
      say: (match, { after }) => {
        const noun = language.units[match[3] ?? ''];
        if (noun === undefined) return undefined;
        const dot = sentenceDot(match[0], after, language);
        return `${spokenCount(match[1] ?? '', match[2], noun, language)}${perWhat(match[4])}${dot}`;
      },
    },
    {
      pattern: new RegExp(`${number}(${scales})${end}`, 'uy'),
      say: (match) => scaled(match[1], match[2], match[3]),
    },
  ];

  function scaled(whole: string | undefined, fraction: string | undefined, scale: string | undefined): string {
    const noun = language.scales[scale ?? ''];
    if (noun === undefined) return spokenNumber(whole ?? '', fraction, language);
    return spokenCount(whole ?? '', fraction, noun, language);
  }

  function money(
    sign: string | undefined,
    whole = '',
    fraction: string | undefined = undefined,
    scale: string | undefined = undefined,
  ): string {
    const currency: SpokenCurrency | undefined = language.currencies[sign ?? ''];
    if (currency === undefined) return spokenNumber(whole, fraction, language);
    if (scale !== undefined) return `${scaled(whole, fraction, scale)} ${currency.unit[1]}`;
    const { unit, hundredth } = currency;
    if (hundredth === undefined || fraction === undefined || fraction.length > 2) {
      return spokenCount(whole, fraction, unit, language);
    }
    const cents = fraction.padEnd(2, '0');
    if (cents === '00') return spokenCount(whole, undefined, unit, language);
    const small = spokenCount(cents, undefined, hundredth, language);
    if (/^0+$/.test(plainDigits(whole))) return small;
    return `${spokenCount(whole, undefined, unit, language)} ${words.and} ${small}`;
  }
}
