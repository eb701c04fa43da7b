import type { SpokenLanguage } from '../language.js';
import type { Rule } from '../rule.js';
import { isTime } from '../rules/dates.js';
import { GermanDays, OPENERS } from './german-days.js';

const small = [
  'null',
  'eins',
  'zwei',
  'drei',
  'vier',
  'fünf',
  'sechs',
  'sieben',
  'acht',
  'neun',
  'zehn',
  'elf',
  'zwölf',
  'dreizehn',
  'vierzehn',
  'fünfzehn',
  'sechzehn',
  'siebzehn',
  'achtzehn',
  'neunzehn',
];
const tens = ['', '', 'zwanzig', 'dreißig', 'vierzig', 'fünfzig', 'sechzig', 'siebzig', 'achtzig', 'neunzig'];
const months = [
  'Januar',
  'Februar',
  'März',
  'April',
  'Mai',
  'Juni',
  'Juli',
  'August',
  'September',
  'Oktober',
  'November',
  'Dezember',
];
const large: readonly (readonly [value: number, one: string, many: string])[] = [
  [1e12, 'eine Billion', 'Billionen'],
  [1e9, 'eine Milliarde', 'Milliarden'],
  [1e6, 'eine Million', 'Millionen'],
];
/** `ein` where more of the word follows. */
function stem(value: number): string {
  return value === 1 ? 'ein' : `${small[value]}`;
}

function belowHundred(value: number): string {
  if (value < 20) return `${small[value]}`;
  const ten = `${tens[Math.floor(value / 10)]}`;
  return value % 10 === 0 ? ten : `${stem(value % 10)}und${ten}`;
}

function belowThousand(value: number): string {
  const rest = value % 100;
  if (value < 100) return belowHundred(rest);
  return `${stem(Math.floor(value / 100))}hundert${rest === 0 ? '' : belowHundred(rest)}`;
}

function belowMillion(value: number): string {
  const rest = value % 1000;
  if (value < 1000) return belowThousand(rest);
  return `${belowThousand(Math.floor(value / 1000)).replace(/eins$/, 'ein')}tausend${rest === 0 ? '' : belowThousand(rest)}`;
}

function cardinal(digits: string): string {
  let value = Number(digits);
  const parts: string[] = [];
  for (const [size, one, many] of large) {
    const count = Math.floor(value / size);
    if (count > 0) parts.push(count === 1 ? one : `${belowThousand(count)} ${many}`);
    value %= size;
  }
  if (value > 0 || parts.length === 0) parts.push(belowMillion(value));
  return parts.join(' ');
}

function year(digits: string): string {
  const century = Number(digits.slice(0, 2));
  if (digits.length !== 4 || century < 11 || century > 19) return cardinal(digits);
  const rest = Number(digits.slice(2));
  return `${belowHundred(century)}hundert${rest === 0 ? '' : belowHundred(rest)}`;
}

function clock(hour: number, minute: number): string {
  const hours = `${hour === 1 ? 'ein' : belowHundred(hour)} Uhr`;
  return minute === 0 ? hours : `${hours} ${belowHundred(minute)}`;
}

/** Behind these, `14.30` and `15h` are times. */
const BEFORE_TIME = /(?<!\p{L})(?:um|ab|bis|gegen|von|vor|nach|seit)\s$/iu;
const weekdays: Readonly<Record<string, string>> = {
  Mo: 'Montag',
  Di: 'Dienstag',
  Mi: 'Mittwoch',
  Do: 'Donnerstag',
  Fr: 'Freitag',
  Sa: 'Samstag',
  So: 'Sonntag',
};
const WEEKDAY = Object.keys(weekdays).join('|');

const days = new GermanDays({ months, cardinal, year });

function timeOf(hour: string | undefined, minute = '0'): string | undefined {
  return isTime(Number(hour), Number(minute)) ? clock(Number(hour), Number(minute)) : undefined;
}

const rules: readonly Rule[] = [
  {
    // Mo.-Fr., Mo, Di
    pattern: new RegExp(
      `(${WEEKDAY})\\.?\\s?[-\\u2013]\\s?(${WEEKDAY})(?:\\.(?=\\s?[\\p{Ll}\\d,:(])|(?![\\p{L}\\d]))`,
      'uy',
    ),
    say: (match) => `${weekdays[match[1] ?? '']} bis ${weekdays[match[2] ?? '']}`,
  },
  ...days.rules,
  {
    pattern: /(\d{1,2})(?:[:.](\d{2}))?\s?Uhr(?!\p{L})/uy,
    say: (match) => timeOf(match[1], match[2]),
  },
  {
    // um 14.30, 9.30-17.30 Uhr, um 15h
    pattern: /(\d{1,2})(?:\.(\d{2})(?![\d.]|\s?[\u20ac$%]|,\d)|\s?h(?![\p{L}/]))/uy,
    say: (match, { before, after }) =>
      BEFORE_TIME.test(before) && !/^\s?(?:Euro|EUR|CHF|Franken|Prozent|Grad|k?m|kg)(?!\p{L})/u.test(after)
        ? timeOf(match[1], match[2])
        : undefined,
  },
  {
    pattern: /(\d{1,2})\.(\d{2})(?=\s?(?:[-\u2013]|bis)\s?\d{1,2}(?:[.:]\d{2})?\s?Uhr)/uy,
    say: (match) => timeOf(match[1], match[2]),
  },
  {
    // 5,- €, 20.-- CHF
    pattern:
      /(\d{1,3}(?:[.']\d{3}){1,3}|\d{1,9})[,.][-\u2013\u2014]{1,2}(?:\s?(\u20ac|EUR|Euro|CHF|Franken)(?!\p{L}))?(?!\s?\d)/uy,
    say: (match) => {
      const { unit } = match[2] === 'CHF' || match[2] === 'Franken' ? franc : euro;
      const digits = (match[1] ?? '').replace(/\D/g, '');
      return digits === '1' ? unit[0] : `${cardinal(digits).replace(/eins$/, 'ein')} ${unit[1]}`;
    },
  },
  {
    // die 90er, 1990er
    pattern: /(\d{1,4})er(?!\p{L})/uy,
    say: (match) => `${year(match[1] ?? '').replace(/eins$/, 'ein')}er`,
  },
  { pattern: /24\/7/y, say: () => 'rund um die Uhr' },
  { pattern: /\u00a7{1,2}\s?(?=\d)/uy, say: () => 'Paragraf' },
  {
    pattern: /(\p{L}[\p{L}-]{1,39})str\.(?=\s?\d|\s?$|,)/uy,
    say: (match, { after }) => `${match[1]}straße${after === '' ? '.' : ''}`,
  },
];

const euro = { unit: ['ein Euro', 'Euro'], hundredth: ['ein Cent', 'Cent'] } as const;
const dollar = { unit: ['ein Dollar', 'Dollar'], hundredth: ['ein Cent', 'Cent'] } as const;
const franc = { unit: ['ein Franken', 'Franken'], hundredth: ['ein Rappen', 'Rappen'] } as const;
const pound = { unit: ['ein Pfund', 'Pfund'], hundredth: ['ein Penny', 'Pence'] } as const;

/** German: numbers, money, measures, dates, times, addresses, usual abbreviations. */
export const german: SpokenLanguage = {
  decimalSign: ',',
  groupSigns: ".'",
  digits: small.slice(0, 10),
  cardinal,
  counted: (digits) => cardinal(digits).replace(/eins$/, 'ein'),
  bare: (digits) => (digits.length === 4 ? year(digits) : undefined),
  date: ({ day, month, year: written }, before) => days.date(day, month, written, before),
  time: clock,
  words: {
    point: 'Komma',
    minus: 'minus',
    plus: 'plus',
    dot: 'Punkt',
    at: 'ät',
    dash: 'Bindestrich',
    underscore: 'Unterstrich',
    slash: 'Schrägstrich',
    starKey: 'Stern',
    hashKey: 'Raute',
    and: 'und',
    or: 'oder',
    to: 'bis',
    per: 'pro',
    percent: 'Prozent',
    number: 'Nummer',
    times: 'mal',
    dividedBy: 'geteilt durch',
    equals: 'gleich',
    about: 'etwa',
    lessThan: 'weniger als',
    moreThan: 'mehr als',
    atMost: 'höchstens',
    atLeast: 'mindestens',
    degrees: 'Grad',
    squared: 'hoch zwei',
    cubed: 'hoch drei',
    half: 'ein halb',
    third: 'ein Drittel',
    quarter: 'ein Viertel',
    threeQuarters: 'drei Viertel',
  },
  currencies: {
    '\u20ac': euro,
    EUR: euro,
    $: dollar,
    USD: dollar,
    CHF: franc,
    ct: { unit: ['ein Cent', 'Cent'] },
    '\u00a3': pound,
    GBP: pound,
  },
  units: {
    km: ['ein Kilometer', 'Kilometer'],
    m: ['ein Meter', 'Meter'],
    cm: ['ein Zentimeter', 'Zentimeter'],
    mm: ['ein Millimeter', 'Millimeter'],
    kg: ['ein Kilogramm', 'Kilogramm'],
    g: ['ein Gramm', 'Gramm'],
    mg: ['ein Milligramm', 'Milligramm'],
    l: ['ein Liter', 'Liter'],
    ml: ['ein Milliliter', 'Milliliter'],
    'km/h': ['ein Stundenkilometer', 'Stundenkilometer'],
    'm\u00b2': ['ein Quadratmeter', 'Quadratmeter'],
    'm\u00b3': ['ein Kubikmeter', 'Kubikmeter'],
    '\u00b0C': ['ein Grad', 'Grad'],
    '\u00b0': ['ein Grad', 'Grad'],
    kW: ['ein Kilowatt', 'Kilowatt'],
    kWh: ['eine Kilowattstunde', 'Kilowattstunden'],
    MB: ['ein Megabyte', 'Megabyte'],
    GB: ['ein Gigabyte', 'Gigabyte'],
    min: ['eine Minute', 'Minuten'],
    Min: ['eine Minute', 'Minuten'],
    h: ['eine Stunde', 'Stunden'],
    Std: ['eine Stunde', 'Stunden'],
    'Std.': ['eine Stunde', 'Stunden'],
    'Min.': ['eine Minute', 'Minuten'],
    Sek: ['eine Sekunde', 'Sekunden'],
    'Sek.': ['eine Sekunde', 'Sekunden'],
    x: ['einmal', 'mal'],
    Mio: ['eine Million', 'Millionen'],
    'Mio.': ['eine Million', 'Millionen'],
    Mrd: ['eine Milliarde', 'Milliarden'],
    'Mrd.': ['eine Milliarde', 'Milliarden'],
    s: ['eine Sekunde', 'Sekunden'],
  },
  scales: {
    Mio: ['eine Million', 'Millionen'],
    'Mio.': ['eine Million', 'Millionen'],
    Mrd: ['eine Milliarde', 'Milliarden'],
    'Mrd.': ['eine Milliarde', 'Milliarden'],
  },
  codeWords: [
    'code',
    'pin',
    'nummer',
    'nr',
    'kundennummer',
    'auftragsnummer',
    'durchwahl',
    'postleitzahl',
    'plz',
    'konto',
  ],
  openers: OPENERS,
  leading: new Set([
    ...['Dr.', 'Prof.', 'Hr.', 'Fr.', 'z.B.', 'z. B.', 'd.h.', 'd. h.', 'u.a.', 'u. a.', 'z. Hd.', 'evtl.', 'mind.'],
    ...['max.', 'bzw.', 'ca.', 'Nr.', 'Tel.', 'inkl.', 'zzgl.', 'ggf.'],
  ]),
  abbreviations: {
    'Dr.': 'Doktor',
    'Prof.': 'Professor',
    'Hr.': 'Herr',
    'Fr.': (after) => (/^\s\p{Lu}\p{Ll}/u.test(after) ? 'Frau' : 'Freitag'),
    'Mo.': 'Montag',
    'Di.': 'Dienstag',
    'Mi.': 'Mittwoch',
    'Do.': 'Donnerstag',
    'Sa.': 'Samstag',
    'So.': (after) => (/^,?\s\d/.test(after) ? 'Sonntag' : undefined),
    'z.B.': 'zum Beispiel',
    'z. B.': 'zum Beispiel',
    'd.h.': 'das heißt',
    'd. h.': 'das heißt',
    'u.a.': 'unter anderem',
    'u. a.': 'unter anderem',
    'MwSt.': 'Mehrwertsteuer',
    'evtl.': 'eventuell',
    'z. Hd.': 'zu Händen',
    'mind.': 'mindestens',
    'max.': 'maximal',
    'Hbf.': 'Hauptbahnhof',
    'Sek.': 'Sekunden',
    'Mio.': 'Millionen',
    'Mrd.': 'Milliarden',
    'usw.': 'und so weiter',
    'bzw.': 'beziehungsweise',
    'ca.': 'circa',
    'Nr.': 'Nummer',
    'Str.': 'Straße',
    'Tel.': 'Telefon',
    'inkl.': 'inklusive',
    'zzgl.': 'zuzüglich',
    'ggf.': 'gegebenenfalls',
    'Std.': 'Stunden',
    'Min.': 'Minuten',
  },
  rules,
};
