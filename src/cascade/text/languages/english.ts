import type { SpokenLanguage } from '../language.js';
import type { Rule } from '../rule.js';
import { isDay, isTime, wholeYear } from '../rules/dates.js';
import { serviceNumbers } from './english-numbers.js';
import { bareSlash } from './english-slash.js';

const small = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
];
const tens = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const thousands = ['', ' thousand', ' million', ' billion', ' trillion'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const irregularOrdinals: Readonly<Record<string, string>> = {
  one: 'first',
  two: 'second',
  three: 'third',
  five: 'fifth',
  eight: 'eighth',
  nine: 'ninth',
  twelve: 'twelfth',
};

/** 0 to 999. */
function belowThousand(value: number): string {
  const hundreds = Math.floor(value / 100);
  const rest = value % 100;
  const head = hundreds === 0 ? '' : `${small[hundreds]} hundred`;
  if (rest === 0) return head === '' ? 'zero' : head;
  const tail =
    rest < 20 ? small[rest] : `${tens[Math.floor(rest / 10)]}${rest % 10 === 0 ? '' : `-${small[rest % 10]}`}`;
  return head === '' ? `${tail}` : `${head} ${tail}`;
}

function cardinal(digits: string): string {
  let value = Number(digits);
  if (value < 1000) return belowThousand(value);
  const groups: string[] = [];
  for (const name of thousands) {
    const group = value % 1000;
    if (group > 0) groups.unshift(`${belowThousand(group)}${name}`);
    value = Math.floor(value / 1000);
  }
  return groups.join(' ');
}

function ordinal(digits: string): string {
  return cardinal(digits).replace(/[a-z]+$/, (last) => {
    const irregular = irregularOrdinals[last];
    if (irregular !== undefined) return irregular;
    return last.endsWith('y') ? `${last.slice(0, -1)}ieth` : `${last}th`;
  });
}

/** `nineteen eighty-four`, `twenty oh five` is not said: those are counted. */
function year(digits: string): string {
  const [century, rest] = [Number(digits.slice(0, 2)), Number(digits.slice(2))];
  if (digits.length !== 4 || century < 11 || century > 20 || (century === 20 && rest < 10)) return cardinal(digits);
  if (rest === 0) return `${belowThousand(century)} hundred`;
  return `${belowThousand(century)} ${rest < 10 ? `oh ${small[rest]}` : belowThousand(rest)}`;
}

/** `nine thirty`, `nine oh five`, `nine o'clock`; `half` is `A M`, `P M` or nothing. */
function clock(hour: number, minute: number, half: string): string {
  const hours = belowThousand(hour);
  const minutes = minute === 0 ? '' : minute < 10 ? ` oh ${small[minute]}` : ` ${belowThousand(minute)}`;
  if (half !== '') return `${hours}${minutes} ${half}`;
  if (minute === 0 && hour > 0 && hour <= 12) return `${hours} o'clock`;
  return minute === 0 ? `${hours} hundred hours` : `${hours}${minutes}`;
}

const MONTH = months
  .map((name) => (name === 'May' ? name : `${name}|${name === 'September' ? 'Sept?' : name.slice(0, 3)}\\.?`))
  .join('|');

function monthOf(written: string): number {
  return months.findIndex((name) => name.startsWith(written.slice(0, 3))) + 1;
}

function dayOfMonth(
  month: string | undefined,
  day: string | undefined,
  written: string | undefined,
): string | undefined {
  const number = monthOf(month ?? '');
  if (!isDay(number, Number(day))) return undefined;
  return `${months[number - 1]} ${ordinal(day ?? '')}${written === undefined ? '' : `, ${year(written)}`}`;
}

const numericDate = (dayFirst: boolean): Rule => ({
  pattern: /(\d{1,2})\/(\d{1,2})\/(\d{4}|\d{2})(?![\d/])/y,
  say: (match) => {
    const [a, b] = [Number(match[1]), Number(match[2])];
    const [month, day] = dayFirst ? [b, a] : [a, b];
    const [m, d] = isDay(month, day) ? [month, day] : [day, month];
    if (!isDay(m, d)) return undefined;
    return `${months[m - 1]} ${ordinal(String(d))}, ${year(wholeYear(match[3] ?? ''))}`;
  },
});

const rules: readonly Rule[] = [
  {
    pattern: new RegExp(
      `(${MONTH}) (\\d{1,2})(?:st|nd|rd|th)?(?![\\p{L}\\d:%]|[./]\\d)(?:,? (\\d{4})(?![\\d]))?`,
      'uy',
    ),
    say: (match) => dayOfMonth(match[1], match[2], match[3]),
  },
  {
    pattern: new RegExp(`(\\d{1,2})(?:st|nd|rd|th)? (?:of )?(${MONTH})(?![\\p{L}])(?:,? (\\d{4})(?!\\d))?`, 'uy'),
    say: (match, { before }) => {
      const number = monthOf(match[2] ?? '');
      if (!isDay(number, Number(match[1]))) return undefined;
      const article = /\bthe\s$/i.test(before) ? '' : 'the ';
      const tail = match[3] === undefined ? '' : `, ${year(match[3])}`;
      return `${article}${ordinal(match[1] ?? '')} of ${months[number - 1]}${tail}`;
    },
  },
  {
    pattern: /(\d{1,2})(?::(\d{2}))?\s?([ap])(?:m(?![\p{L}\d])|\.\s?m\.)/iuy,
    say: (match, { after }) => {
      const [hour, minute] = [Number(match[1]), Number(match[2] ?? '0')];
      if (!isTime(hour, minute)) return undefined;
      const said = clock(hour, minute, match[3]?.toLowerCase() === 'a' ? 'A M' : 'P M');
      return match[0].endsWith('.') && /^\s*(?:$|\p{Lu})/u.test(after) ? `${said}.` : said;
    },
  },
  {
    pattern: /(\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?:st|nd|rd|th)(?![\p{L}\d])/iuy,
    say: (match) => ordinal((match[1] ?? '').replaceAll(',', '')),
  },
  {
    // the 1990s, '90s, the early 90s
    pattern: /(?:(1[1-9]|20)|'|(?<=\bthe\s(?:(?:early|mid|late)[\s-])?))(\d)0s(?![\p{L}\d])/iuy,
    say: (match) => {
      const decade =
        match[2] === '0' ? 'hundreds' : match[2] === '1' ? 'tens' : `${tens[Number(match[2])]?.slice(0, -1)}ies`;
      return match[1] === undefined ? decade : `${belowThousand(Number(match[1]))} ${decade}`;
    },
  },
  {
    pattern: /(\d)'\s?(\d{1,2})(?:"|(?!\d))/y,
    say: (match) => `${belowThousand(Number(match[1]))} foot ${belowThousand(Number(match[2]))}`,
  },
  { pattern: /24\/7/y, say: () => 'twenty-four seven' },
  ...serviceNumbers(small),
];

/** A title before a name, and the street otherwise. */
const titleOr =
  (title: string, street: string) =>
  (after: string): string =>
    /^\s\p{Lu}/u.test(after) ? title : street;

const dollars = (kind: string) => ({
  unit: [`one ${kind}dollar`, `${kind}dollars`] as const,
  hundredth: ['one cent', 'cents'] as const,
});
const usDollar = dollars('');
const euro = { unit: ['one euro', 'euros'] as const, hundredth: ['one cent', 'cents'] as const };
const pound = { unit: ['one pound', 'pounds'] as const, hundredth: ['one penny', 'pence'] as const };

/** English; numbers and dates as in the United States. */
export const english: SpokenLanguage = {
  decimalSign: '.',
  groupSigns: ',',
  digits: small.slice(0, 10),
  cardinal,
  bare: (digits) => (digits.length === 4 ? year(digits) : undefined),
  date: ({ day, month, year: written }) =>
    `${months[month - 1]} ${ordinal(String(day))}${written === undefined ? '' : `, ${year(written)}`}`,
  time: (hour, minute) => clock(hour, minute, ''),
  words: {
    point: 'point',
    minus: 'minus',
    plus: 'plus',
    dot: 'dot',
    at: 'at',
    dash: 'dash',
    underscore: 'underscore',
    slash: 'slash',
    starKey: 'star',
    hashKey: 'pound',
    and: 'and',
    or: 'or',
    to: 'to',
    per: 'per',
    percent: 'percent',
    number: 'number',
    times: 'times',
    dividedBy: 'divided by',
    equals: 'equals',
    about: 'about',
    lessThan: 'less than',
    moreThan: 'more than',
    atMost: 'at most',
    atLeast: 'at least',
    degrees: 'degrees',
    squared: 'squared',
    cubed: 'cubed',
    half: 'one half',
    third: 'one third',
    quarter: 'one quarter',
    threeQuarters: 'three quarters',
  },
  currencies: {
    $: usDollar,
    US$: usDollar,
    USD: usDollar,
    CA$: dollars('Canadian '),
    C$: dollars('Canadian '),
    CAD: dollars('Canadian '),
    A$: dollars('Australian '),
    AUD: dollars('Australian '),
    '\u20ac': euro,
    EUR: euro,
    '\u00a3': pound,
    GBP: pound,
    '\u00a5': { unit: ['one yen', 'yen'] },
    JPY: { unit: ['one yen', 'yen'] },
    '\u20b9': { unit: ['one rupee', 'rupees'] },
    INR: { unit: ['one rupee', 'rupees'] },
    CHF: { unit: ['one Swiss franc', 'Swiss francs'], hundredth: ['one centime', 'centimes'] },
    '\u00a2': { unit: ['one cent', 'cents'] },
  },
  units: {
    km: ['one kilometer', 'kilometers'],
    m: ['one meter', 'meters'],
    cm: ['one centimeter', 'centimeters'],
    mm: ['one millimeter', 'millimeters'],
    mi: ['one mile', 'miles'],
    ft: ['one foot', 'feet'],
    yd: ['one yard', 'yards'],
    kg: ['one kilogram', 'kilograms'],
    g: ['one gram', 'grams'],
    mg: ['one milligram', 'milligrams'],
    lb: ['one pound', 'pounds'],
    lbs: ['one pound', 'pounds'],
    oz: ['one ounce', 'ounces'],
    l: ['one liter', 'liters'],
    L: ['one liter', 'liters'],
    ml: ['one milliliter', 'milliliters'],
    mL: ['one milliliter', 'milliliters'],
    gal: ['one gallon', 'gallons'],
    'km/h': ['one kilometer per hour', 'kilometers per hour'],
    kph: ['one kilometer per hour', 'kilometers per hour'],
    mph: ['one mile per hour', 'miles per hour'],
    'm\u00b2': ['one square meter', 'square meters'],
    'm\u00b3': ['one cubic meter', 'cubic meters'],
    'sq ft': ['one square foot', 'square feet'],
    '\u00b0C': ['one degree Celsius', 'degrees Celsius'],
    '\u00b0F': ['one degree Fahrenheit', 'degrees Fahrenheit'],
    '\u00b0': ['one degree', 'degrees'],
    W: ['one watt', 'watts'],
    kW: ['one kilowatt', 'kilowatts'],
    kWh: ['one kilowatt hour', 'kilowatt hours'],
    V: ['one volt', 'volts'],
    Hz: ['one hertz', 'hertz'],
    kHz: ['one kilohertz', 'kilohertz'],
    MHz: ['one megahertz', 'megahertz'],
    GHz: ['one gigahertz', 'gigahertz'],
    KB: ['one kilobyte', 'kilobytes'],
    kB: ['one kilobyte', 'kilobytes'],
    MB: ['one megabyte', 'megabytes'],
    GB: ['one gigabyte', 'gigabytes'],
    TB: ['one terabyte', 'terabytes'],
    Mbps: ['one megabit per second', 'megabits per second'],
    Gbps: ['one gigabit per second', 'gigabits per second'],
    ms: ['one millisecond', 'milliseconds'],
    s: ['one second', 'seconds'],
    sec: ['one second', 'seconds'],
    secs: ['one second', 'seconds'],
    min: ['one minute', 'minutes'],
    mins: ['one minute', 'minutes'],
    h: ['one hour', 'hours'],
    hr: ['one hour', 'hours'],
    hrs: ['one hour', 'hours'],
    mo: ['one month', 'months'],
    yr: ['one year', 'years'],
    yrs: ['one year', 'years'],
    x: ['one time', 'times'],
  },
  scales: {
    k: ['one thousand', 'thousand'],
    K: ['one thousand', 'thousand'],
    thousand: ['one thousand', 'thousand'],
    M: ['one million', 'million'],
    million: ['one million', 'million'],
    bn: ['one billion', 'billion'],
    B: ['one billion', 'billion'],
    billion: ['one billion', 'billion'],
    trillion: ['one trillion', 'trillion'],
  },
  codeWords: [
    'code',
    'pin',
    'passcode',
    'extension',
    'ext',
    'account',
    'reference',
    'ref',
    'confirmation',
    'zip',
    'number',
  ],
  abbreviations: {
    'Dr.': titleOr('Doctor', 'Drive'),
    'St.': titleOr('Saint', 'Street'),
    'Mr.': 'Mister',
    'Mrs.': 'Missus',
    'Ms.': 'Miz',
    'Prof.': 'Professor',
    'Rev.': 'Reverend',
    'Jr.': 'Junior',
    'Sr.': 'Senior',
    'Ave.': 'Avenue',
    'Rd.': 'Road',
    'Blvd.': 'Boulevard',
    'Apt.': 'Apartment',
    'apt.': 'apartment',
    'Ste.': 'Suite',
    'Hwy.': 'Highway',
    'Ln.': 'Lane',
    'No.': (after) => (/^\s?\d/.test(after) ? 'number' : undefined),
    'e.g.': 'for example',
    'i.e.': 'that is',
    'etc.': 'et cetera',
    'vs.': 'versus',
    'approx.': 'approximately',
    'appt.': 'appointment',
    'appts.': 'appointments',
    'dept.': 'department',
    'Dept.': 'Department',
    'ext.': 'extension',
    'Ext.': 'extension',
    'est.': 'estimated',
    'incl.': 'including',
    'excl.': 'excluding',
    'hrs.': 'hours',
    'tel.': 'telephone',
    'Tel.': 'Telephone',
    'Inc.': 'Incorporated',
    'Ltd.': 'Limited',
    'Corp.': 'Corporation',
    'Co.': 'Company',
    'Mon.': 'Monday',
    'Tue.': 'Tuesday',
    'Tues.': 'Tuesday',
    'Wed.': 'Wednesday',
    'Thu.': 'Thursday',
    'Thurs.': 'Thursday',
    'Fri.': 'Friday',
    'Sat.': 'Saturday',
    'w/o': 'without',
    'w/': 'with',
    'c/o': 'care of',
    'a.m.': 'A M',
    'p.m.': 'P M',
  },
  rules: [numericDate(false), bareSlash({ months, ordinal, cardinal, dayFirst: false }), ...rules],
};

/** English where the day stands before the month: everywhere but in the United States. */
export const britishEnglish: SpokenLanguage = {
  ...english,
  rules: [numericDate(true), bareSlash({ months, ordinal, cardinal, dayFirst: true }), ...rules],
  words: { ...english.words, dash: 'hyphen', hashKey: 'hash' },
};
