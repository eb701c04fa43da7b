import type { SpokenLanguage } from './language.js';
import { britishEnglish, english } from './languages/english.js';
import { french } from './languages/french.js';
import { german } from './languages/german.js';
import { spanish } from './languages/spanish.js';
import { withoutMarkup } from './markup.js';
import { anyOf, applyRules, type Rule } from './rule.js';
import { addressRules } from './rules/addresses.js';
import { amountRules } from './rules/amounts.js';
import { dateRules, timeRules } from './rules/dates.js';
import { numberRules, rangeRules } from './rules/numbers.js';
import { phoneNumberRules } from './rules/phone-numbers.js';
import { signRules } from './rules/signs.js';
import { aroundVoiceSigns, withoutVoiceSigns } from './voice-signs.js';

/** How text is to be said. */
export interface SpeakableOptions {
  /**
   * BCP 47. English is complete; `de`, `es` and `fr` know numbers, money, measures, dates, times, addresses and some
   * abbreviations. Of any other language only markup, pictures and invisible characters are taken out. Default: `en`.
   */
  readonly language?: string;
  /**
   * The operator's own: what is written, and what is said in its place, as whole words. Written in lower case it stands
   * for every spelling, otherwise for itself alone. What is said goes through the rules like any other text.
   */
  readonly pronunciations?: Readonly<Record<string, string>>;
  /** Signs such as `[laugh]` stay, for the voice to act or to leave out. Default: they are left out here. */
  readonly voiceSigns?: boolean;
}

/** Says a piece of text in words. Pure; never throws. */
export type Speakable = (text: string) => string;

/** Ordinary text settles in the first; this many are a bound against hostile text. */
const MAX_PASSES = 5;

/** A voice that is given nothing of these makes no sound. Some currencies have no name here, and are left to the voice. */
const SAYABLE = /[\p{L}\p{N}\p{Sc}]/u;

const languages: Readonly<Record<string, SpokenLanguage>> = {
  en: english,
  'en-us': english,
  'en-ca': english,
  de: german,
  es: spanish,
  fr: french,
};

/** The languages whose numbers and signs are said in words, as BCP 47 primary tags. */
export const speakableLanguages = ['en', 'de', 'es', 'fr'] as const;

/** The table of a language tag, or `undefined` where there is none. */
function languageOf(tag: string): SpokenLanguage | undefined {
  const lower = tag.toLowerCase().replaceAll('_', '-');
  const known = Object.hasOwn(languages, lower) ? languages[lower] : undefined;
  if (known !== undefined) return known;
  const primary = lower.split('-')[0] ?? '';
  if (primary === 'en') return britishEnglish;
  return Object.hasOwn(languages, primary) ? languages[primary] : undefined;
}

/**
 * Makes text that a model wrote into text that a voice can say: numbers, dates, times, money, measures, telephone
 * numbers (digit by digit, in groups), addresses, ordinals and abbreviations become words; markdown, tags and pictures
 * are left out. Made once per call or flavor: rules are compiled here.
 *
 * What it returns is a function of whole clauses or sentences. That function is idempotent, as long as no pronunciation
 * says again what it stands for, takes time linear in the length of its text, and returns an empty text where nothing
 * can be said.
 */
export function createSpeakable(options: SpeakableOptions = {}): Speakable {
  const language = languageOf(options.language ?? 'en');
  const rules = language === undefined ? [] : rulesOf(language);
  const pronounced = pronouncer(options.pronunciations ?? {});
  const settled = (text: string): string => tidy(applyRules(text, rules));
  const say = (text: string): string => {
    let said = settled(pronounced(withoutMarkup(text)));
    // Words can come to stand as they were not written, `**` between `5` and `km` taken out: once more, until all is said.
    for (let pass = 1; pass < MAX_PASSES; pass += 1) {
      const again = settled(withoutMarkup(said));
      if (again === said) break;
      said = again;
    }
    return SAYABLE.test(said) ? said : '';
  };
  return options.voiceSigns === true ? (text) => aroundVoiceSigns(text, say) : (text) => say(withoutVoiceSigns(text));
}

/** {@link createSpeakable} for a single piece. */
export function speakable(text: string, options: SpeakableOptions = {}): string {
  return createSpeakable(options)(text);
}

function rulesOf(language: SpokenLanguage): readonly Rule[] {
  return [
    ...addressRules(language),
    ...dateRules(language),
    ...language.rules,
    ...timeRules(language),
    ...phoneNumberRules(language),
    ...rangeRules(language),
    ...amountRules(language),
    ...numberRules(language),
    ...signRules(language),
  ];
}

function pronouncer(pronunciations: Readonly<Record<string, string>>): Speakable {
  const spoken = new Map(Object.entries(pronunciations).filter(([written]) => written.trim() !== ''));
  if (spoken.size === 0) return (text) => text;
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${anyOf([...spoken.keys()])})(?![\\p{L}\\p{N}])`, 'giu');
  return (text) =>
    text.replace(pattern, (written) => spoken.get(written) ?? spoken.get(written.toLowerCase()) ?? written);
}

/** Dashes become pauses, what nobody can say becomes a blank; blanks are single, none stands before a sign of pause. */
function tidy(text: string): string {
  return text
    .replace(/\s{0,4}[\u2014\u2015]\s{0,4}|(?<=\s|^)[-\u2010-\u2013\u2212]{1,8}(?=\s|$)/gu, ', ')
    .replace(/[\u2010-\u2013\u2212]/g, '-')
    .replace(/\u2026/g, '...')
    .replace(/[~#<>*_^|\\{}[\]`\u2190-\u21ff\u2022]/g, ' ')
    .replace(/[\u00a9\u00ae\u2122\u200b]/g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ([,;:.!?])(?=[\s"')]|$)/g, '$1')
    .replace(/,(?:\s?[,;])+/g, ',')
    .replace(/([.!?:;]),(?=\s|$)/g, '$1')
    .replace(/^[\s,;:.)]+/, '')
    .trim();
}
