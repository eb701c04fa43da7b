import type { SpokenLanguage } from '../language.js';
import type { Rule } from '../rule.js';
import { dayFirstRules, isTime } from '../rules/dates.js';

const small = [
  'zéro',
  'un',
  'deux',
  'trois',
  'quatre',
  'cinq',
  'six',
  'sept',
  'huit',
  'neuf',
  'dix',
  'onze',
  'douze',
  'treize',
  'quatorze',
  'quinze',
  'seize',
  'dix-sept',
  'dix-huit',
  'dix-neuf',
];
const tens = [
  '',
  '',
  'vingt',
  'trente',
  'quarante',
  'cinquante',
  'soixante',
  'soixante',
  'quatre-vingt',
  'quatre-vingt',
];
const months = [
  'janvier',
  'février',
  'mars',
  'avril',
  'mai',
  'juin',
  'juillet',
  'août',
  'septembre',
  'octobre',
  'novembre',
  'décembre',
];
const large: readonly (readonly [value: number, name: string])[] = [
  [1e12, 'billion'],
  [1e9, 'milliard'],
  [1e6, 'million'],
];

function belowHundred(value: number): string {
  if (value < 20) return `${small[value]}`;
  const ten = Math.floor(value / 10);
  const rest = value - (ten === 7 || ten === 9 ? ten - 1 : ten) * 10;
  if (rest === 0) return ten === 8 ? 'quatre-vingts' : `${tens[ten]}`;
  return (rest === 1 || rest === 11) && ten < 8 ? `${tens[ten]} et ${small[rest]}` : `${tens[ten]}-${small[rest]}`;
}

function belowThousand(value: number): string {
  const [count, rest] = [Math.floor(value / 100), value % 100];
  if (count === 0) return belowHundred(rest);
  const head = count === 1 ? 'cent' : `${small[count]} cent${rest === 0 ? 's' : ''}`;
  return rest === 0 ? head : `${head} ${belowHundred(rest)}`;
}

function belowMillion(value: number): string {
  const [count, rest] = [Math.floor(value / 1000), value % 1000];
  if (count === 0) return belowThousand(rest);
  const head = count === 1 ? 'mille' : `${belowThousand(count).replace(/(cent|vingt)s$/, '$1')} mille`;
  return rest === 0 ? head : `${head} ${belowThousand(rest)}`;
}

function cardinal(digits: string): string {
  let value = Number(digits);
  const parts: string[] = [];
  for (const [size, name] of large) {
    const count = Math.floor(value / size);
    if (count > 0) parts.push(`${belowThousand(count)} ${name}${count > 1 ? 's' : ''}`);
    value %= size;
  }
  if (value > 0 || parts.length === 0) parts.push(belowMillion(value));
  return parts.join(' ');
}

function date(day: number, month: number, year: string | undefined): string {
  const head = `${day === 1 ? 'premier' : belowHundred(day)} ${months[month - 1]}`;
  return year === undefined ? head : `${head} ${cardinal(year)}`;
}

function clock(hour: number, minute: number): string {
  const hours = `${belowHundred(hour).replace(/un$/, 'une')} heure${hour > 1 ? 's' : ''}`;
  return minute === 0 ? hours : `${hours} ${belowHundred(minute)}`;
}

/** Behind a fraction that could be a day: 3/4 du temps, 1/2 litre. */
const PARTS =
  /^\s(?:d[eu]s?\s(?!\d)|d['\u2019]|(?:kilos?|litres?|heures?|tasses?|journées?|tarif|pension|kg|l|h)(?!['\u2019\p{L}]))/u;
const BEFORE_DAY = /(?<!\p{L})(?:le|du|au|dès|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\s$/iu;

const rules: readonly Rule[] = [
  ...dayFirstRules(date, BEFORE_DAY, PARTS),
  { pattern: /24\s?h?\/24/iy, say: () => 'vingt-quatre heures sur vingt-quatre' },
  { pattern: /7\s?j?\/7(?![\d/])/iy, say: () => 'sept jours sur sept' },
  { pattern: /24\/7/y, say: () => 'vingt-quatre heures sur vingt-quatre, sept jours sur sept' },
  {
    pattern: /(\d{1,2})\s?[hH](?:\s?(\d{2})(?:\s?min(?!\p{L}))?)?(?![\p{L}\d])/uy,
    say: (match) => {
      const [hour, minute] = [Number(match[1]), Number(match[2] ?? '0')];
      return isTime(hour, minute) ? clock(hour, minute) : undefined;
    },
  },
  {
    pattern: /1(er|re|ère)(s?)(?!\p{L})/uy,
    say: (match) => `${match[1] === 'er' ? 'premier' : 'première'}${match[2]}`,
  },
  { pattern: /2(nde?)(s?)(?!\p{L})/uy, say: (match) => `${match[1] === 'nd' ? 'second' : 'seconde'}${match[2]}` },
  {
    pattern: /(\d{1,4})(?:e|è?me)(?!\p{L})/uy,
    say: (match) => {
      const words = cardinal(match[1] ?? '').replace(/(vingt|cent)s$/, '$1');
      return `${words.replace(/e$/, '').replace(/cinq$/, 'cinqu').replace(/neuf$/, 'neuv')}ième`;
    },
  },
];

const euro = { unit: ['un euro', 'euros'], hundredth: ['un centime', 'centimes'] } as const;
const dollar = { unit: ['un dollar', 'dollars'], hundredth: ['un cent', 'cents'] } as const;
const franc = { unit: ['un franc suisse', 'francs suisses'], hundredth: ['un centime', 'centimes'] } as const;
const pound = { unit: ['une livre', 'livres'], hundredth: ['un penny', 'pence'] } as const;

/** French as in France: numbers, money, measures, dates, times, addresses, usual abbreviations. */
export const french: SpokenLanguage = {
  decimalSign: ',',
  groupSigns: ' .',
  digits: small.slice(0, 10),
  cardinal,
  counted: (digits, one) => (one.startsWith('une ') ? cardinal(digits).replace(/un$/, 'une') : cardinal(digits)),
  afterMillions: (noun) => (/^[aeéhiou]/iu.test(noun) ? `d'${noun}` : `de ${noun}`),
  date: ({ day, month, year }) => date(day, month, year),
  time: clock,
  words: {
    point: 'virgule',
    minus: 'moins',
    plus: 'plus',
    dot: 'point',
    at: 'arobase',
    dash: 'tiret',
    underscore: 'tiret bas',
    slash: 'barre oblique',
    starKey: 'étoile',
    hashKey: 'dièse',
    and: 'et',
    or: 'ou',
    to: 'à',
    per: 'par',
    percent: 'pour cent',
    number: 'numéro',
    times: 'fois',
    dividedBy: 'divisé par',
    equals: 'égale',
    about: 'environ',
    lessThan: 'moins de',
    moreThan: 'plus de',
    atMost: 'au plus',
    atLeast: 'au moins',
    degrees: 'degrés',
    squared: 'au carré',
    cubed: 'au cube',
    half: 'un demi',
    third: 'un tiers',
    quarter: 'un quart',
    threeQuarters: 'trois quarts',
  },
  currencies: { '\u20ac': euro, EUR: euro, $: dollar, USD: dollar, CHF: franc, '\u00a3': pound, GBP: pound },
  units: {
    km: ['un kilomètre', 'kilomètres'],
    m: ['un mètre', 'mètres'],
    cm: ['un centimètre', 'centimètres'],
    mm: ['un millimètre', 'millimètres'],
    kg: ['un kilo', 'kilos'],
    g: ['un gramme', 'grammes'],
    mg: ['un milligramme', 'milligrammes'],
    l: ['un litre', 'litres'],
    L: ['un litre', 'litres'],
    ml: ['un millilitre', 'millilitres'],
    'km/h': ['un kilomètre heure', 'kilomètres heure'],
    'm\u00b2': ['un mètre carré', 'mètres carrés'],
    'm\u00b3': ['un mètre cube', 'mètres cubes'],
    kW: ['un kilowatt', 'kilowatts'],
    kWh: ['un kilowattheure', 'kilowattheures'],
    x: ['une fois', 'fois'],
    '\u00b0C': ['un degré', 'degrés'],
    '\u00b0': ['un degré', 'degrés'],
    Mo: ['un mégaoctet', 'mégaoctets'],
    Go: ['un gigaoctet', 'gigaoctets'],
    min: ['une minute', 'minutes'],
    s: ['une seconde', 'secondes'],
    sec: ['une seconde', 'secondes'],
  },
  scales: {},
  codeWords: ['code', 'pin', 'numéro', 'poste', 'référence', 'dossier', 'compte', 'postal'],
  abbreviations: {
    'M.': (after) => (/^\s\p{Lu}/u.test(after) ? 'monsieur' : undefined),
    Mme: 'madame',
    Mlle: 'mademoiselle',
    MM: 'messieurs',
    'MM.': 'messieurs',
    Mmes: 'mesdames',
    Dr: 'docteur',
    'etc.': 'et cetera',
    'p. ex.': 'par exemple',
    'p.ex.': 'par exemple',
    'av.': 'avenue',
    bd: 'boulevard',
    'n\u00b0': 'numéro',
    'N\u00b0': 'numéro',
    'n\u00ba': 'numéro',
    'N\u00ba': 'numéro',
    'tél.': 'téléphone',
    'env.': 'environ',
  },
  rules,
};
