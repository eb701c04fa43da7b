import type { Rule } from './rule.js';

/** A noun after the number 1, number included, and after any other: `one dollar`, `dollars`. */
export type CountedNoun = readonly [one: string, many: string];

/** A currency and its hundredth, where it has one that is spoken. */
export interface SpokenCurrency {
  readonly unit: CountedNoun;
  readonly hundredth?: CountedNoun;
}

/** How a language says what is written in signs. All of it is data or pure. */
export interface SpokenLanguage {
  readonly decimalSign: '.' | ',';
  /** Inside of a character class: what may stand between groups of three digits. */
  readonly groupSigns: string;
  readonly digits: readonly string[];
  /** @param digits 1 to 15 of them. */
  cardinal(digits: string): string;
  /**
   * A number before a noun, where that differs from counting: `veintiún`. Default: {@link cardinal}.
   *
   * @param one The noun behind the number 1, that included: its article tells the gender.
   */
  counted?(digits: string, one: string): string;
  /** A noun behind whole millions: `un million d’euros`. Default: as behind any number. */
  afterMillions?(noun: string): string;
  /** A number without sign, unit or separator, where custom reads it otherwise, such as years in English. */
  bare?(digits: string): string | undefined;
  /** A day of the year, `year` absent or of four digits. @param context.before decides about inflection. */
  date(date: { readonly day: number; readonly month: number; readonly year?: string }, before: string): string;
  /** A time of day, both in range. */
  time(hour: number, minute: number): string;
  readonly words: SpokenWords;
  /** By sign or ISO 4217 code. */
  readonly currencies: Readonly<Record<string, SpokenCurrency>>;
  /** By unit sign, case-sensitive. */
  readonly units: Readonly<Record<string, CountedNoun>>;
  /** `5k`, `$3 bn`: what stands for a power of ten behind a number. The plural is of the number before it. */
  readonly scales: Readonly<Record<string, CountedNoun>>;
  /** Words after which three digits or more are a code, to be said one by one. Lower case. */
  readonly codeWords: readonly string[];
  /** Telephone numbers that would otherwise be large numbers. Sticky, each quantifier bounded. */
  readonly phoneNumbers?: readonly RegExp[];
  /** With their dots. A function decides by what follows. */
  readonly abbreviations: Readonly<Record<string, string | ((after: string) => string | undefined)>>;
  /** How a sentence goes on behind a dot that may be an abbreviation's, where nouns have capitals as well. */
  readonly openers?: RegExp;
  /** Abbreviations, with their dots, that always lead on to a word: whatever that is, no sentence ends there. */
  readonly leading?: ReadonlySet<string>;
  /** Tried before the common ones. */
  readonly rules: readonly Rule[];
}

/** The signs, by name. */
export interface SpokenWords {
  readonly point: string;
  readonly minus: string;
  readonly plus: string;
  readonly dot: string;
  readonly at: string;
  readonly dash: string;
  readonly underscore: string;
  readonly slash: string;
  /** Keys of a telephone. */
  readonly starKey: string;
  readonly hashKey: string;
  readonly and: string;
  readonly or: string;
  readonly to: string;
  readonly per: string;
  readonly percent: string;
  readonly number: string;
  readonly times: string;
  readonly dividedBy: string;
  readonly equals: string;
  readonly about: string;
  readonly lessThan: string;
  readonly moreThan: string;
  readonly atMost: string;
  readonly atLeast: string;
  readonly degrees: string;
  readonly squared: string;
  readonly cubed: string;
  readonly half: string;
  readonly third: string;
  readonly quarter: string;
  readonly threeQuarters: string;
}
