import type { SpokenLanguage } from '../language.js';
import type { Rule } from '../rule.js';
import { dayFirstRules, isTime } from '../rules/dates.js';

const small = [
  'cero',
  'uno',
  'dos',
  'tres',
  'cuatro',
  'cinco',
  'seis',
  'siete',
  'ocho',
  'nueve',
  'diez',
  'once',
  'doce',
  'trece',
  'catorce',
  'quince',
  'dieciséis',
  'diecisiete',
  'dieciocho',
  'diecinueve',
  'veinte',
  'veintiuno',
  'veintidós',
  'veintitrés',
  'veinticuatro',
  'veinticinco',
  'veintiséis',
  'veintisiete',
  'veintiocho',
  'veintinueve',
];
const tens = ['', '', '', 'treinta', 'cuarenta', 'cincuenta', 'sesenta', 'setenta', 'ochenta', 'noventa'];
const hundreds = [
  '',
  'ciento',
  'doscientos',
  'trescientos',
  'cuatrocientos',
  'quinientos',
  'seiscientos',
  'setecientos',
  'ochocientos',
  'novecientos',
];
const months = [
  'enero',
  'febrero',
  'marzo',
  'abril',
  'mayo',
  'junio',
  'julio',
  'agosto',
  'septiembre',
  'octubre',
  'noviembre',
  'diciembre',
];
const ordinals = [
  '',
  'primer',
  'segund',
  'tercer',
  'cuart',
  'quint',
  'sext',
  'séptim',
  'octav',
  'noven',
  'décim',
  'undécim',
  'duodécim',
];

function belowHundred(value: number): string {
  if (value < 30) return `${small[value]}`;
  const ten = `${tens[Math.floor(value / 10)]}`;
  return value % 10 === 0 ? ten : `${ten} y ${small[value % 10]}`;
}

function belowThousand(value: number): string {
  if (value === 100) return 'cien';
  const rest = value % 100;
  if (value < 100) return belowHundred(rest);
  const head = `${hundreds[Math.floor(value / 100)]}`;
  return rest === 0 ? head : `${head} ${belowHundred(rest)}`;
}

/** `veintiún mil`, `un millón`: before a noun the one is short. */
function short(words: string): string {
  return words.replace(/veintiuno$/, 'veintiún').replace(/uno$/, 'un');
}

/** `doscientas veintiuna libras`. */
function feminine(words: string): string {
  return words.replace(/uno$/, 'una').replaceAll(/(cient|quinient)os/g, '$1as');
}

function belowMillion(value: number): string {
  const count = Math.floor(value / 1000);
  const rest = value % 1000;
  if (count === 0) return belowThousand(rest);
  const head = count === 1 ? 'mil' : `${short(belowThousand(count))} mil`;
  return rest === 0 ? head : `${head} ${belowThousand(rest)}`;
}

function cardinal(digits: string): string {
  const value = Number(digits);
  const [billions, millions, rest] = [Math.floor(value / 1e12), Math.floor(value / 1e6) % 1e6, value % 1e6];
  const parts: string[] = [];
  if (billions > 0) parts.push(billions === 1 ? 'un billón' : `${short(belowMillion(billions))} billones`);
  if (millions > 0) parts.push(millions === 1 ? 'un millón' : `${short(belowMillion(millions))} millones`);
  if (rest > 0 || parts.length === 0) parts.push(belowMillion(rest));
  return parts.join(' ');
}

function date(day: number, month: number, year: string | undefined): string {
  return `${day === 1 ? 'primero' : belowHundred(day)} de ${months[month - 1]}${year === undefined ? '' : ` de ${cardinal(year)}`}`;
}

function clock(hour: number, minute: number): string {
  const hours = belowHundred(hour).replace(/uno$/, 'una');
  return minute === 0 ? hours : `${hours} ${minute < 10 ? 'y ' : ''}${belowHundred(minute)}`;
}

/** Behind the number of them. */
const THINGS =
  '\\s?[€$£]|\\s(?:de\\s)?(?:euros|dólares|libras|pesos|EUR|USD|habitantes|personas|usuarios|clientes|veces|años|metros|kilómetros)(?!\\p{L})';
/** Behind a fraction that could be a day: 3/4 de hora, 1/2 kilo. */
const PARTS = /^\s(?:del?\s(?!\d)|(?:kilos?|litros?|horas?|tazas?|días?|precio|pensión|kg|l|h)(?!\p{L}))/u;
const BEFORE_DAY = /(?<!\p{L})(?:el|al|del|lunes|martes|miércoles|jueves|viernes|sábado|domingo),?\s$/iu;

const rules: readonly Rule[] = [
  { pattern: /24\/7/y, say: () => 'las veinticuatro horas, los siete días' },
  ...dayFirstRules(date, BEFORE_DAY, PARTS),
  {
    // 1º, 2.ª, 1.er piso
    pattern: /(\d{1,2})\.?(\u00ba|\u00aa|er(?!\p{L}))/uy,
    say: (match) => {
      const stem = ordinals[Number(match[1])];
      if (stem === undefined || stem === '') return match[2] === 'er' ? undefined : cardinal(match[1] ?? '');
      return match[2] === 'er' ? stem : `${stem}${match[2] === '\u00ba' ? 'o' : 'a'}`;
    },
  },
  {
    pattern: /(\d{1,2})[:.](\d{2})\s?h(?!\p{L})/uy,
    say: (match) => {
      const [hour, minute] = [Number(match[1]), Number(match[2])];
      return isTime(hour, minute) ? clock(hour, minute) : undefined;
    },
  },
];

const euro = { unit: ['un euro', 'euros'], hundredth: ['un céntimo', 'céntimos'] } as const;
const dollar = { unit: ['un dólar', 'dólares'], hundredth: ['un centavo', 'centavos'] } as const;
const pound = { unit: ['una libra', 'libras'], hundredth: ['un penique', 'peniques'] } as const;

/** Spanish as in Spain: numbers, money, measures, dates, times, addresses, usual abbreviations. */
export const spanish: SpokenLanguage = {
  decimalSign: ',',
  groupSigns: '. ',
  digits: small.slice(0, 10),
  cardinal,
  counted: (digits, one) => (one.startsWith('una ') ? feminine(cardinal(digits)) : short(cardinal(digits))),
  afterMillions: (noun) => `de ${noun}`,
  date: ({ day, month, year }) => date(day, month, year),
  time: clock,
  words: {
    point: 'coma',
    minus: 'menos',
    plus: 'más',
    dot: 'punto',
    at: 'arroba',
    dash: 'guion',
    underscore: 'guion bajo',
    slash: 'barra',
    starKey: 'asterisco',
    hashKey: 'almohadilla',
    and: 'y',
    or: 'o',
    to: 'a',
    per: 'por',
    percent: 'por ciento',
    number: 'número',
    times: 'por',
    dividedBy: 'dividido por',
    equals: 'igual a',
    about: 'unos',
    lessThan: 'menos de',
    moreThan: 'más de',
    atMost: 'como máximo',
    atLeast: 'al menos',
    degrees: 'grados',
    squared: 'al cuadrado',
    cubed: 'al cubo',
    half: 'un medio',
    third: 'un tercio',
    quarter: 'un cuarto',
    threeQuarters: 'tres cuartos',
  },
  currencies: { '\u20ac': euro, EUR: euro, $: dollar, US$: dollar, USD: dollar, '\u00a3': pound, GBP: pound },
  units: {
    km: ['un kilómetro', 'kilómetros'],
    m: ['un metro', 'metros'],
    cm: ['un centímetro', 'centímetros'],
    mm: ['un milímetro', 'milímetros'],
    kg: ['un kilo', 'kilos'],
    g: ['un gramo', 'gramos'],
    mg: ['un miligramo', 'miligramos'],
    l: ['un litro', 'litros'],
    ml: ['un mililitro', 'mililitros'],
    'km/h': ['un kilómetro por hora', 'kilómetros por hora'],
    'm\u00b2': ['un metro cuadrado', 'metros cuadrados'],
    'm\u00b3': ['un metro cúbico', 'metros cúbicos'],
    kW: ['un kilovatio', 'kilovatios'],
    kWh: ['un kilovatio hora', 'kilovatios hora'],
    x: ['una vez', 'veces'],
    '\u00b0C': ['un grado', 'grados'],
    '\u00b0': ['un grado', 'grados'],
    MB: ['un megabyte', 'megabytes'],
    GB: ['un gigabyte', 'gigabytes'],
    min: ['un minuto', 'minutos'],
    h: ['una hora', 'horas'],
    s: ['un segundo', 'segundos'],
    seg: ['un segundo', 'segundos'],
  },
  scales: {},
  // Nine digits, of Spain: 912 345 678, 91 234 56 78, 612 34 56 78, 912345678; not 600 000 000, nor so many of a thing
  phoneNumbers: [
    new RegExp(`[6-9]\\d{2} (?!000 000)\\d{3} \\d{3}(?![\\d,]|\\.\\d| \\d{3}|${THINGS})`, 'uy'),
    /[6-9]\d \d{3} \d{2} \d{2}(?!\d)/y,
    /[6-9]\d{2}(?: \d{2}){3}(?!\d)/y,
    new RegExp(`[6-9]\\d{2}(?!0{6})\\d{6}(?!\\d|,\\d|${THINGS})`, 'uy'),
  ],
  codeWords: ['código', 'pin', 'número', 'extensión', 'referencia', 'cuenta', 'postal'],
  abbreviations: {
    'Sr.': 'señor',
    'Sra.': 'señora',
    'Srta.': 'señorita',
    'Dr.': 'doctor',
    'Dra.': 'doctora',
    'Ud.': 'usted',
    'Uds.': 'ustedes',
    'p. ej.': 'por ejemplo',
    'p.ej.': 'por ejemplo',
    'etc.': 'etcétera',
    'Avda.': 'avenida',
    'n.º': 'número',
    'N.º': 'número',
    nº: 'número',
    Nº: 'número',
    'núm.': 'número',
    'pág.': 'página',
    'Dña.': 'doña',
    'Av.': 'avenida',
    'C/': 'calle',
    'EE. UU.': 'Estados Unidos',
    'EE.UU.': 'Estados Unidos',
    'tlf.': 'teléfono',
    'tel.': 'teléfono',
    'Tel.': 'teléfono',
    'aprox.': 'aproximadamente',
  },
  rules,
};
