import type { SpokenLanguage } from '../language.js';
import type { Rule } from '../rule.js';
import { isDay, isTime } from '../rules/dates.js';

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
const irregularOrdinals: Readonly<Record<number, string>> = { 1: 'erste', 3: 'dritte', 7: 'siebte', 8: 'achte' };

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

/** A day as an ordinal, inflected by the word before it: am dritten, der dritte, dritter. */
function dayOrdinal(day: number, before: string): string {
  const base = irregularOrdinals[day] ?? `${belowHundred(day)}${day < 20 ? 'te' : 'ste'}`;
  if (/(?<!\p{L})(?:der|die|das)\s$/iu.test(before)) return base;
  return /(?<!\p{L})(?:am|vom|zum|dem|den|des|im|ab|bis|seit|nach|vor|beim)\s$/iu.test(before)
    ? `${base}n`
    : `${base}r`;
}

function date(day: number, month: number, written: string | undefined, before: string): string {
  return `${dayOrdinal(day, before)} ${months[month - 1]}${written === undefined ? '' : ` ${year(written)}`}`;
}

function clock(hour: number, minute: number): string {
  const hours = `${hour === 1 ? 'ein' : belowHundred(hour)} Uhr`;
  return minute === 0 ? hours : `${hours} ${belowHundred(minute)}`;
}

const rules: readonly Rule[] = [
  {
    pattern: /(\d{1,2})\.\s?(\d{1,2})\.(?:\s?(\d{4})(?!\d))?(?!\d)/y,
    say: (match, { before }) => {
      const [day, month] = [Number(match[1]), Number(match[2])];
      return isDay(month, day) ? date(day, month, match[3], before) : undefined;
    },
  },
  {
    pattern: new RegExp(`(\\d{1,2})\\.\\s?(${months.join('|')})(?!\\p{L})(?:\\s(\\d{4})(?!\\d))?`, 'uy'),
    say: (match, { before }) => {
      const [day, month] = [Number(match[1]), months.indexOf(match[2] ?? '') + 1];
      return isDay(month, day) ? date(day, month, match[3], before) : undefined;
    },
  },
  {
    pattern: /(\d{1,2})(?:[:.](\d{2}))?\s?Uhr(?!\p{L})/uy,
    say: (match) => {
      const [hour, minute] = [Number(match[1]), Number(match[2] ?? '0')];
      return isTime(hour, minute) ? clock(hour, minute) : undefined;
    },
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
  date: ({ day, month, year: written }, before) => date(day, month, written, before),
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
    s: ['eine Sekunde', 'Sekunden'],
  },
  scales: {
    Mio: ['eine Million', 'Millionen'],
    'Mio.': ['eine Million', 'Millionen'],
    Mrd: ['eine Milliarde', 'Milliarden'],
    'Mrd.': ['eine Milliarde', 'Milliarden'],
  },
  codeWords: ['code', 'pin', 'nummer', 'kundennummer', 'auftragsnummer', 'durchwahl', 'postleitzahl', 'plz', 'konto'],
  abbreviations: {
    'Dr.': 'Doktor',
    'Prof.': 'Professor',
    'Hr.': 'Herr',
    'Fr.': 'Frau',
    'z.B.': 'zum Beispiel',
    'z. B.': 'zum Beispiel',
    'd.h.': 'das heißt',
    'd. h.': 'das heißt',
    'u.a.': 'unter anderem',
    'u. a.': 'unter anderem',
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
