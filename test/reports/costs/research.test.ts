import { expect, test } from 'vitest';
import { readBuiltInPriceSet } from '../../../src/config/price-sets.js';
import { compareWays } from '../../../src/reports/costs/comparison.js';
import { cheaperText, costTable } from '../../../src/reports/costs/cost-table.js';

const set = readBuiltInPriceSet('2026-01');

/** USD a month for 300 minutes in 100 calls, at the research's figures: machine or model, Deepgram, Twilio; and from when it is worth it. */
const rows: readonly (readonly [
  way: string,
  speech: number,
  recogniser: number | null,
  line: number,
  cheaper: string,
])[] = [
  ['OpenAI Realtime', 90, null, 3.9, '–'], // 300 x 0.30
  ['Chatterbox, serverless (RunPod, RTX 4090)', 1.7, 1.29, 3.9, 'always'], // 5 h x 0.34
  ['Chatterbox, serverless (Modal, A100)', 0, 1.29, 3.9, 'always'], // 5 h x 2.50 = 12.50, of 30 that are free
  ['Chatterbox, part-time GPU (Vast.ai, RTX 4060)', 33.44, 1.29, 3.9, 'from 114 minutes'], // 176 h x 0.19
  ['Chatterbox, part-time GPU (RunPod, RTX 4090)', 59.84, 1.29, 3.9, 'from 203 minutes'], // 176 h x 0.34
  ['Chatterbox, GPU 24/7 (Vast.ai, RTX 3060)', 36.5, 1.29, 3.9, 'from 124 minutes'], // 730 h x 0.05
  ['Chatterbox, GPU 24/7 (Vast.ai, RTX 4060)', 138.7, 1.29, 3.9, 'from 470 minutes'], // 730 h x 0.19
  ['Chatterbox, GPU 24/7 (RunPod, RTX 4090)', 248.2, 1.29, 3.9, 'from 840 minutes'], // 730 h x 0.34
  ['Chatterbox, laptop', 0, 1.29, 3.9, 'always'],
];

test('the figures of the research are the price set of January 2026', () => {
  const usd = (provider: string, model: string) => {
    const price = set.prices.find((entry) => entry.provider === provider && entry.model === model);
    return price?.usdPerMinute ?? price?.usdPerHour;
  };
  expect(usd('openai', 'gpt-realtime')).toBe(0.3);
  expect(usd('runpod', 'rtx-4090')).toBe(0.34);
  expect(usd('vast.ai', 'rtx-4060')).toBe(0.19);
  expect(usd('vast.ai', 'rtx-3060')).toBe(0.05);
  expect(usd('modal', 'a100')).toBe(2.5);
  expect(usd('deepgram', 'nova-2')).toBe(0.0043);
  expect(usd('twilio', 'voice')).toBe(0.013);
  expect(set.credits).toMatchObject([{ provider: 'modal', usdPerMonth: 30 }]);
});

test('each row of the comparison comes out of the price set of January 2026', () => {
  const { ways } = compareWays(set, { minutes: 300, calls: 100 });
  const found = ways.map(({ name, parts, cheaper }) => {
    const cents = (usd: number | null) => (usd === null ? null : Math.round(usd * 100) / 100);
    return [name, cents(parts.speech), cents(parts.recogniser), cents(parts.line), cheaperText(cheaper)];
  });
  expect(found).toEqual(rows);
  for (const [index, [, speech, recogniser, line]] of rows.entries()) {
    expect(ways[index]?.usdPerMonth).toBeCloseTo(speech + (recogniser ?? 0) + line, 2);
    expect(ways[index]?.usdPerMinute).toBeCloseTo((speech + (recogniser ?? 0) + line) / 300, 4);
  }
});

test('a GPU that runs all month is worth it from about 400 to 500 minutes on, with a language model too', () => {
  for (const languageModel of [undefined, { provider: 'anthropic', model: 'claude-haiku-4-5' }]) {
    const { ways } = compareWays(set, { minutes: 300, calls: 100, languageModel });
    const gpu = ways.find(({ name }) => name.includes('24/7 (Vast.ai, RTX 4060)'));
    const from = gpu?.cheaper?.[0]?.fromMinutes ?? 0;
    expect(from).toBeGreaterThan(400);
    expect(from).toBeLessThan(500);
    expect(gpu?.parts.languageModel === null).toBe(languageModel === undefined);
  }
});

test('the hours at which a GPU is worth it from 400 to 500 minutes on, as the page has them', () => {
  const from = (hours: number, machine: string): number => {
    const { ways } = compareWays(set, { minutes: 300, calls: 100, partTimeHours: hours });
    const gpu = ways.find(({ name }) => name.includes(`part-time GPU (${machine})`));
    return Math.ceil(gpu?.cheaper?.[0]?.fromMinutes ?? 0);
  };
  expect(from(360, 'RunPod, RTX 4090')).toBe(414);
  for (const [hours, machine, minutes] of [
    [348, 'RunPod, RTX 4090', 400],
    [434, 'RunPod, RTX 4090', 500],
    [623, 'Vast.ai, RTX 4060', 400],
    [778, 'Vast.ai, RTX 4060', 500],
  ] as const) {
    expect(Math.abs(from(hours, machine) - minutes), `${machine}, ${hours} h`).toBeLessThanOrEqual(1);
  }
});

test('who asks for other hours of a part-time machine is not told of the usual ones', () => {
  const table = costTable(compareWays(set, { minutes: 300, calls: 100, partTimeHours: 360 }));
  expect(table).toContain('part-time GPU (Vast.ai, RTX 4060): 360 hours a month');
  expect(table).not.toContain('8 hours on 22 days');
});

test.each(['today', '2026-01'] as const)('every way of the set %s has all its prices, each with its source', (name) => {
  const { ways, used } = compareWays(readBuiltInPriceSet(name), { minutes: 300, calls: 100 });
  expect(ways.flatMap(({ unpriced }) => unpriced)).toEqual([]);
  expect(used.filter(({ source }) => source === undefined)).toEqual([]);
  expect(ways.length).toBeGreaterThan(8);
});

test('the table names the prices it is made of, and what each way takes for granted', () => {
  const table = costTable(compareWays(set, { minutes: 300, calls: 100 }));
  expect(table).toContain('300 minutes a month in 100 calls of 3:00, at prices of 2026-01-15.');
  expect(table).toMatch(/^OpenAI Realtime +90\.00 +– +– +3\.90 +93\.90 +0\.313 {2}–$/m);
  expect(table).toContain('vast.ai/rtx-4060: 0.19 an hour (research; 2026-01)');
  expect(table).toContain('(Vast.ai, RTX 4060): 8 hours on 22 days a month');
});
