import type { Rule } from '../rule.js';
import { isDay, wholeYear } from '../rules/dates.js';

/** What these words stand before ends in `-n`: am dritten, einer zweiten, in der ersten. */
const WEAK =
  /(?<!\p{L})(?:am|vom|zum|zur|im|ins|beim|ab|bis|seit|nach|vor|(?:d|ein|kein|mein|dein|sein|ihr|unser|dies|jed)e[mns]|(?:ein|kein|mein|dein|sein|ihr|unser)er|(?:in|an|auf|aus|bei|mit|nach|seit|unter|von|vor|zu|während|wegen)\s(?:der|dieser|jeder))\s$/iu;
/** And in `-e`: der dritte, eine zweite. */
const PLAIN = /(?<!\p{L})(?:der|die|das|dieser|jeder|(?:ein|kein|mein|dein|sein|ihr|unser|dies|jed)e)\s$/iu;
/** And in `-er`, where what follows is masculine, which nobody knows here: unser zweiter. */
const MIXED = /(?<!\p{L})(?:ein|kein|mein|dein|sein|ihr|unser)\s$/iu;
/** These have no article with them: nach dritter Mahnung, seit zweitem Termin, bis achte Klasse. */
const BARE = /(?<!\p{L})(ab|aus|bei|bis|in|mit|nach|seit|vor)\s$/iu;
/** Nouns that are feminine, as far as their ends tell. */
const FEMININE = /(?:ung|heit|keit|schaft|ion|tät|anz|enz|e|hand|wahl|fahrt|schicht)$/iu;
/** Behind a number of one's own these begin a sentence. */
const TITLE = /^\s(?:Herr|Frau|Doktor|Dr)(?!\p{L})/u;
/** A day of the week between the two: am Montag, 3. März. */
const WEEKDAY = /(?:mon|diens|donners|frei|sams|sonn)tag,?\s$|mittwoch,?\s$/iu;
/** The first of two: vom 24.12. bis 31.12., am 1. und 2. Mai. */
const FIRST_OF_TWO = /\d{1,2}\.(?:\d{1,2}\.)?\s?(?:bis(?:\szum)?|und|oder|[-\u2013/])\s?$/iu;
/** Behind these a number is pressed, or is that of a version. */
const NO_ORDINAL =
  /(?:drück|wähl|tipp|press|version|ziffer|taste|zahl|nummer)\p{L}{0,3}\s(?:sie\s)?(?:die\s|auf\s(?:die\s)?)?$/iu;
/** With these a sentence begins, where what stands before a dot may go on behind it; nouns have capitals as well. */
const OPENING_WORDS = [
  'Alles Also Alternativ Am Ansonsten Anschließend Auch Außerdem Bis Bitte Da Dafür Damit Danach Danke',
  'Dann Darf Das Dazu Dem Den Der Deshalb Die Diese Dieser Dieses Doch Dort Ein Eine Er Es Falls Für',
  'Gern Gerne Gibt Guten Haben Hat Hier Ich Ihnen Ihr Ihre In Ist Ja Jetzt Kann Können Könnten Man Mit',
  'Möchten Nach Natürlich Nein Nun Nur Ob Oder Sie Sind So Sobald Soll Sollen Sollten Sonst Um Und',
  'Unser Unsere Vielen Vielleicht Von Wann War Warum Was Welche Wenn Werden Wie Wir Wird Wo Wollen',
  'Würden Zu Zuerst Zum Zur',
].join(' ');
export const OPENERS = new RegExp(`^\\s(?:${OPENING_WORDS.replaceAll(' ', '|')})(?!\\p{L})`, 'u');

/** Words for numbers. */
export interface DayWords {
  readonly months: readonly string[];
  cardinal(digits: string): string;
  year(digits: string): string;
}

/** The ordinal without its last letter: `erst`, `zwanzigst`. */
function stemOf(number: number, { cardinal }: DayWords): string {
  const counted = cardinal(String(number));
  const rest = number % 100;
  if (rest === 0 || rest > 19) return `${counted}st`;
  const irregular: Readonly<Record<number, string>> = { 1: 'erst', 3: 'dritt', 7: 'siebt', 8: 'acht' };
  const stem = irregular[rest];
  return stem === undefined ? `${counted}t` : `${counted.replace(/(?:eins|drei|sieben|acht)$/, '')}${stem}`;
}

/** Days and other ordinals, inflected by what stands before them: am dritten März, der erste Mann, dritter Mai. */
export class GermanDays {
  readonly rules: readonly Rule[];
  readonly #words: DayWords;

  constructor(words: DayWords) {
    this.#words = words;
    const full = words.months.join('|');
    const short = words.months.map((name) => (name === 'September' ? 'Sept?' : name.slice(0, 3))).join('|');
    const month = `(?:${full})(?!\\p{L})|(?:${short})\\.`;
    this.rules = [
      {
        // 1. bis 3. Mai, 5./6. Mai, 5.–7.6.
        pattern: new RegExp(
          `(\\d{1,2})\\.\\s?(bis(?:\\szum)?|und|oder|[-\\u2013/])\\s?(?=\\d{1,2}\\.\\s?(?:${month}|\\d{1,2}\\.))`,
          'uy',
        ),
        say: (match, { before }) => {
          const between = match[2] === '/' ? 'und' : /^[-\u2013]/u.test(match[2] ?? '') ? 'bis' : match[2];
          return isDay(1, Number(match[1])) ? `${this.ordinal(Number(match[1]), before)} ${between}` : undefined;
        },
      },
      {
        pattern: /(\d{1,2})\.\s?(\d{1,2})\.(?:\s?(\d{4})(?!\d)|(\d{2})(?![\d:]|[.,]\d))?(?!\d)/y,
        say: (match, { before }) => {
          const [day, month] = [Number(match[1]), Number(match[2])];
          const padded = /^\d\d\.\d\d\.\d\d$/.test(match[0]);
          // 2.1.12 is a version just as well.
          if (!isDay(month, day) || (match[4] !== undefined && !padded && !saysDay(before))) return undefined;
          return this.date(day, month, match[3] ?? (match[4] === undefined ? undefined : wholeYear(match[4])), before);
        },
      },
      {
        pattern: new RegExp(`(\\d{1,2})\\.\\s?(${month})(?:\\s(\\d{4})(?!\\d))?`, 'uy'),
        say: (match, { before }) => {
          const start = (match[2] ?? '').slice(0, 3);
          const [day, month] = [Number(match[1]), words.months.findIndex((name) => name.startsWith(start)) + 1];
          return isDay(month, day) ? this.date(day, month, match[3], before) : undefined;
        },
      },
      {
        // der 1. Mann, in der 21. Woche; am 3., where nothing follows
        pattern: /(\d{1,3})\.(?=\s\p{L}|\s?$)/uy,
        say: (match, { before, after }) => {
          const last = after.trim() === '';
          const opens = OPENERS.test(after);
          const [, preposition] = FIRST_OF_TWO.test(before) ? [] : (BARE.exec(before) ?? []);
          if (NO_ORDINAL.test(before) || (opens && !/(?<!\p{L})(?:am|vom|zum)\s$/iu.test(before))) return undefined;
          if (!last && preposition !== undefined) {
            const ending = strongEnding(preposition, after);
            return ending === undefined ? undefined : `${stemOf(Number(match[1]), words)}${ending}`;
          }
          if (last ? !/(?<!\p{L})(?:am|vom|zum|bis|dem|den|[^\p{L}]der)\s$/iu.test(` ${before}`) : !inflects(before))
            return undefined;
          return `${this.ordinal(Number(match[1]), before)}${last || opens ? '.' : ''}`;
        },
      },
    ];
  }

  date(day: number, month: number, written: string | undefined, before: string): string {
    const { months, year } = this.#words;
    return `${this.ordinal(day, before)} ${months[month - 1]}${written === undefined ? '' : ` ${year(written)}`}`;
  }

  ordinal(number: number, before: string): string {
    const stem = stemOf(number, this.#words);
    const article = before.replace(FIRST_OF_TWO, '').replace(WEEKDAY, '');
    if (WEAK.test(article)) return `${stem}en`;
    return PLAIN.test(article) ? `${stem}e` : `${stem}er`;
  }
}

/** What an ordinal without an article ends in: as the adjective behind it does, or by what can be seen of the noun's gender. */
function strongEnding(preposition: string, after: string): string | undefined {
  const next = /^\s(\p{L}+)/u.exec(after)?.[1] ?? '';
  if (TITLE.test(after)) return undefined;
  if (/^\p{Ll}/u.test(next)) return /e[mnr]?$/u.exec(next)?.[0];
  const feminine = FEMININE.test(next);
  if (preposition.toLowerCase() === 'bis') return feminine ? 'e' : 'en';
  return feminine ? 'er' : 'em';
}

function inflects(before: string): boolean {
  return WEAK.test(before) || PLAIN.test(before) || MIXED.test(before);
}

/** A day is what is to be expected here. */
function saysDay(before: string): boolean {
  return !NO_ORDINAL.test(before) && (inflects(before) || WEEKDAY.test(before) || FIRST_OF_TWO.test(before));
}
