import type { Price, TokenPrices } from '../../ops/cost/price.js';
import { counted, money, printable, textTable, whole } from '../text-table.js';
import type { CheaperFrom, ComparedWay, Comparison } from './comparison.js';
import { costParts } from './way-cost.js';

/** More of its hours than this, and callers wait for each other. */
const BUSY = 0.5;

/** The comparison as a person reads it, lines with their ends. */
export function costTable(comparison: Comparison): string {
  const { ways, used } = comparison;
  const rows = ways.map((way) => [
    way.name,
    ...costParts.map((part) => (way.parts[part] === null ? '–' : money(way.parts[part]))),
    `${money(way.usdPerMonth)}${way.unpriced.length > 0 ? ' + ?' : ''}`,
    way.usdPerMinute.toFixed(3),
    cheaperText(way.cheaper),
  ]);
  const columns = [
    { heading: 'USD a month', align: 'left' },
    { heading: 'speech' },
    { heading: 'recogniser' },
    { heading: 'language model' },
    { heading: 'line' },
    { heading: 'sum' },
    { heading: 'a minute' },
    { heading: 'not dearer than the first', align: 'left' },
  ] as const;
  const notes = ways.flatMap(notesOf);
  const lines = [
    `${headline(comparison)}.`,
    '',
    ...textTable(columns, rows),
    ...(notes.length > 0 ? ['', ...notes] : []),
    '',
    'Prices:',
    ...used.map((price) => `  ${printable(priceText(price))}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** What is compared, in a line. */
export function headline({ minutes, calls, date, profile }: Comparison): string {
  const seconds = Math.round(profile.callMs / 1000);
  const length = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return `${counted(minutes, 'minute')} a month in ${counted(calls, 'call')} of ${length}, at prices of ${date}`;
}

/** `from 469 minutes`. */
export function cheaperText(spans: readonly CheaperFrom[] | undefined): string {
  if (spans === undefined) return '–';
  if (spans.length === 0) return 'never';
  return spans
    .map(({ fromMinutes, toMinutes }) => {
      if (toMinutes === null) return fromMinutes === 0 ? 'always' : `from ${counted(Math.ceil(fromMinutes), 'minute')}`;
      const end = counted(Math.floor(toMinutes), 'minute');
      return fromMinutes === 0 ? `up to ${end}` : `from ${whole(Math.ceil(fromMinutes))} to ${end}`;
    })
    .join(', ');
}

function notesOf({ name, note, unpriced, busyShare }: ComparedWay): readonly string[] {
  return [
    ...(note === undefined ? [] : [note]),
    ...(unpriced.length === 0 ? [] : [`no price for ${unpriced.join(', ')}: it costs more than is said here`]),
    ...(busyShare === undefined || busyShare <= BUSY
      ? []
      : [
          `the machine speaks ${Math.round(busyShare * 100)} % of its time: callers wait, and more machines are needed`,
        ]),
  ].map((text) => printable(`${name}: ${text}`));
}

function priceText(price: Price): string {
  const { provider, model, usdPerMinute, usdPerHour, usdPerMillionCharacters, usdPerMillionTokens, source } = price;
  const figures = [
    usdPerMinute !== undefined && `${usdPerMinute} a minute`,
    usdPerHour !== undefined && `${usdPerHour} an hour`,
    usdPerMillionCharacters !== undefined && `${usdPerMillionCharacters} a million characters`,
    usdPerMillionTokens !== undefined && `${tokenText(usdPerMillionTokens)} a million tokens`,
  ].filter((figure) => figure !== false);
  return `${provider}/${model}: ${figures.join(', ')}${source === undefined ? '' : ` (${source})`}`;
}

function tokenText({ input, cached, output, audioInput, audioCached, audioOutput }: TokenPrices): string {
  const named = {
    input,
    cached,
    output,
    'sound heard': audioInput,
    'sound cached': audioCached,
    'sound made': audioOutput,
  };
  return Object.entries(named)
    .filter(([, usd]) => usd !== undefined)
    .map(([name, usd]) => `${name} ${usd}`)
    .join(', ');
}
