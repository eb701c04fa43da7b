/** A stretch of a text that is not spoken letter by letter, and how long it takes, in letters. */
export interface ReadOut {
  readonly start: number;
  readonly end: number;
  readonly letters: number;
}

/** Figures with marks between them and signs around them: an amount, a time, a date, part of a telephone number. */
const FIGURES = /(?<sign>[$€£#+])?(?<figures>\d(?:[\d.,:/'’-]*\d)?)/gu;
/** Figures in a row, brackets and blanks between them. */
const ROW = /[+(]?\d[\d()\-–./ ]*\d/gu;
/** So many of them are a telephone number, or another that is read digit by digit. */
const LONG_NUMBER = 7;
/** What has more has no name that anybody says. */
const LONGEST_NAMED = 15;
/** A digit that is read by itself. */
const DIGIT_LETTERS = 4;
/** `hundred`, `thousand`, `point`, the name of a month, and `o'clock`. */
const HUNDRED_LETTERS = 7;
const THOUSAND_LETTERS = 8;
const POINT_LETTERS = 5;
const MONTH_LETTERS = 7;
const HOUR_LETTERS = 7;
/** The name of a letter. */
const NAME_LETTERS = 2.5;
/** Short words all in capitals, and capitals by themselves that are no word, are spelled. */
const SPELLED = /(?<![\wÀ-ɏ])(?:[A-Z]{2,4}|[B-HJ-NP-Z])(?![\wÀ-ɏ'’])|(?<=\d)[A-Z]{1,2}(?![\wÀ-ɏ])/g;
/** `www`, and the dots of addresses. */
const ADDRESS = /\bwww(?=\.)|(?<=[a-z])\.(?=[a-z]{2})/gi;
const WWW_LETTERS = 20;
const DOT_LETTERS = 4;
/** Measures behind figures, and how many letters are said. */
const MEASURES = lettersOf(
  'km 9 cm 10 mm 10 kg 9 mg 9 ml 10 mb 8 gb 8 ft 4 lb 6 oz 6 min 7 sec 7 hr 5 pm 5 am 5 eur 5 usd 10 chf 12 m 6 g 5 h 5 l 6',
);
/** Words that are written short, with a full stop behind them. */
const SHORT = lettersOf(
  'Dr 6 Mr 6 Mrs 6 Prof 9 St 6 Ave 6 Rd 4 approx 11 incl 9 inkl 9 etc 8 vs 6 Jan 7 Feb 8 Aug 6 Sep 9 Sept 9 Oct 7 Nov 8 Dec 8 ' +
    'Mon 6 Tue 7 Wed 9 Thu 8 Fri 6 Sat 8',
);
/** Those that are other words where no figure follows. */
const BEFORE_FIGURES = lettersOf('no 6 No 6 nr 6 Nr 6 ext 9 Tel 9');
const MEASURE = new RegExp(`(?<=\\d ?)(?:${[...MEASURES.keys()].join('|')})(?!\\w)`, 'gi');
const ABBREVIATION = new RegExp(
  `\\b(?:(?:${[...SHORT.keys()].join('|')})(?=\\.)|(?:${[...BEFORE_FIGURES.keys()].join('|')})(?=\\. ?\\d))`,
  'g',
);

function lettersOf(table: string): ReadonlyMap<string, number> {
  return new Map([...table.matchAll(/(\w+) (\d+)/g)].map(([, word = '', letters]) => [word, Number(letters)]));
}

/**
 * What of a text takes longer, or less long, than its letters: figures, measures, abbreviations, what is spelled. About
 * as many letters as it has in English and other languages of Europe. In order, none overlapping.
 */
export function readOuts(text: string): readonly ReadOut[] {
  const found: ReadOut[] = [];
  const add = (pattern: RegExp, lettersOfMatch: (match: RegExpMatchArray) => number): void => {
    for (const match of text.matchAll(pattern)) {
      found.push({ start: match.index, end: match.index + match[0].length, letters: lettersOfMatch(match) });
    }
  };
  if (/[0-9]/.test(text)) {
    const rows = [...text.matchAll(ROW)].filter(({ 0: row }) => isLongNumber(row));
    let next = 0;
    add(FIGURES, (match) => {
      const at = match.index ?? 0;
      // Both are in order.
      while (next < rows.length && endOf(rows[next]) <= at) next += 1;
      return figureLetters(match, (rows[next]?.index ?? Number.POSITIVE_INFINITY) <= at);
    });
    add(MEASURE, ([measure]) => MEASURES.get(measure.toLowerCase()) ?? measure.length);
  }
  if (/[A-Z]{2}|[0-9][A-Z]|\b[B-HJ-NP-Z]\b/.test(text)) add(SPELLED, ([letters]) => letters.length * NAME_LETTERS);
  add(ABBREVIATION, ([short]) => SHORT.get(short) ?? BEFORE_FIGURES.get(short) ?? short.length);
  add(ADDRESS, ([part]) => (part === '.' ? DOT_LETTERS : WWW_LETTERS));
  found.sort((one, other) => one.start - other.start);
  let end = 0;
  return found.filter((each) => {
    if (each.start < end) return false;
    end = each.end;
    return true;
  });
}

function endOf(match: RegExpMatchArray | undefined): number {
  return (match?.index ?? 0) + (match?.[0].length ?? 0);
}

/** Read digit by digit: none is a date, or an amount. */
function isLongNumber(row: string): boolean {
  if (/^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}$/u.test(row) || /^\d{1,3}(?:[., ]\d{3})+(?:[.,]\d\d?)?$/u.test(row))
    return false;
  return row.replace(/\D/gu, '').length >= LONG_NUMBER;
}

function figureLetters({ groups }: RegExpMatchArray, digitByDigit: boolean): number {
  const figures = groups?.['figures'] ?? '';
  const sign = groups?.['sign'];
  const signLetters = sign === undefined ? 0 : 6;
  const digits = figures.replace(/\D/gu, '');
  const plain = /^\d+/u.exec(figures)?.[0] ?? '';
  if (digitByDigit || digits.length > LONGEST_NAMED || plain.length > 4 || /^0\d/u.test(figures)) {
    return signLetters + digits.length * DIGIT_LETTERS;
  }
  const date = /^(\d{1,2})[./-](\d{1,2})[./-](\d{2,4})$/u.exec(figures);
  if (date) return cardinal(Number(date[1])) + MONTH_LETTERS + year(Number(date[3]));
  const amount = /^(\d{1,3}(?:[.,'’]\d{3})+|\d+)(?:[.,](\d{1,2}))?$/u.exec(figures);
  if (amount) {
    const [, whole = '', part] = amount;
    const wholeLetters = whole.length === 4 ? year(Number(whole)) : cardinal(Number(whole.replace(/\D/gu, '')));
    const partLetters = part === undefined ? 0 : fraction(part, signLetters);
    return Math.max(DIGIT_LETTERS, signLetters + wholeLetters + partLetters);
  }
  if (/^\d{1,2}:00$/u.test(figures)) return cardinal(Number.parseInt(figures, 10)) + HOUR_LETTERS;
  // A time, a range, a version: each number by itself.
  const parts = figures.split(/\D+/u);
  return Math.max(
    DIGIT_LETTERS,
    signLetters +
      parts.reduce((sum, part) => sum + cardinal(Number(part)), 0) +
      (figures.includes('.') ? POINT_LETTERS : 0),
  );
}

/** Cents of an amount; of another number, one digit after the other. */
function fraction(digits: string, signLetters: number): number {
  if (signLetters === 0) return POINT_LETTERS + digits.length * DIGIT_LETTERS;
  return Number(digits) === 0 ? 0 : POINT_LETTERS + signLetters + cardinal(Number(digits));
}

/** Four figures, read by twos. */
function year(value: number): number {
  return value < 100
    ? cardinal(value)
    : cardinal(Math.floor(value / 100)) + (value % 100 === 0 ? HUNDRED_LETTERS : cardinal(value % 100));
}

function cardinal(value: number): number {
  if (value >= 1000) return cardinal(Math.floor(value / 1000)) + THOUSAND_LETTERS + cardinal(value % 1000);
  const [hundreds, rest] = [Math.floor(value / 100), value % 100];
  const restLetters = rest === 0 ? 0 : rest < 10 ? 4 : rest < 20 ? 6 : rest % 10 === 0 ? 6 : 10;
  return (hundreds > 0 ? 4 + HUNDRED_LETTERS : 0) + restLetters;
}
