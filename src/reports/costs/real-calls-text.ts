import { counted, money, textTable, whole } from '../text-table.js';
import { rounded } from './cost-json.js';
import type { RealCalls, UsedUp } from './real-calls.js';

/** What call records came to, as a person reads it. */
export function realCallsTable(real: RealCalls): string {
  const { days, calls, minutes } = real;
  const when = days === undefined ? '' : `, ${days.first} to ${days.last}`;
  const flavors = real.flavors.map(({ flavor, calls: count, minutes: length, usd, recordedUsd }) => [
    flavor,
    whole(count),
    length.toFixed(1),
    money(usd),
    length === 0 ? '–' : (usd / length).toFixed(3),
    money(recordedUsd),
  ]);
  const usage = real.usage.map(({ provider, model, unit, quantity, usd }) => [
    `${provider}/${model}`,
    unit,
    whole(quantity),
    usd === undefined ? 'no price' : money(usd),
  ]);
  const lines = [
    `${counted(calls, 'answered call')}, ${minutes.toFixed(1)} minutes${when}.`,
    '',
    ...textTable(
      [
        { heading: 'flavor', align: 'left' },
        { heading: 'calls' },
        { heading: 'minutes' },
        { heading: 'USD' },
        { heading: 'a minute' },
        { heading: 'USD as recorded' },
      ],
      flavors,
    ),
    '',
    ...textTable(
      [
        { heading: 'used up', align: 'left' },
        { heading: 'unit', align: 'left' },
        { heading: 'quantity' },
        { heading: 'USD' },
      ],
      usage,
    ),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

/** The same as programs read it. */
export function realCallsJson(real: RealCalls) {
  const { calls, minutes, days, usd } = real;
  return {
    calls,
    minutes: rounded(minutes),
    days: days ?? null,
    usd: rounded(usd),
    flavors: real.flavors.map((sum) => ({
      ...sum,
      minutes: rounded(sum.minutes),
      usd: rounded(sum.usd),
      recordedUsd: rounded(sum.recordedUsd),
    })),
    usage: real.usage.map(usageJson),
  };
}

function usageJson({ usd, ...used }: UsedUp) {
  return { ...used, usd: usd === undefined ? null : rounded(usd) };
}
