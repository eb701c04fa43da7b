import { expect, test } from 'vitest';
import { PriceList } from '../../../src/ops/cost/price-list.js';
import { cheaperSpans } from '../../../src/reports/costs/break-even.js';
import {
  type CallProfile,
  ordinaryCall,
  usageOfLanguageModel,
  usageOfRealtime,
} from '../../../src/reports/costs/call-profile.js';
import { compareWays } from '../../../src/reports/costs/comparison.js';
import { cheaperText, costTable } from '../../../src/reports/costs/cost-table.js';
import type { Machine, PriceSet, Way } from '../../../src/reports/costs/price-set.js';
import { costOf, type Growth, type WayCost } from '../../../src/reports/costs/way-cost.js';

const cloud: Way = { name: 'cloud', realtime: { provider: 'acme', model: 'talk' } };
const machine = (changes: Partial<Machine>): Way => ({
  name: 'machine',
  machine: { provider: 'host', model: 'gpu', billed: 'calls', ...changes },
});

function setOf(ways: readonly Way[], changes: Partial<PriceSet> = {}): PriceSet {
  return {
    date: '2026-06-01',
    prices: [
      { provider: 'acme', model: 'talk', usdPerMinute: 0.1 },
      { provider: 'host', model: 'gpu', usdPerHour: 3.6 },
      { provider: 'telco', model: 'voice', usdPerMinute: 0.01 },
    ],
    credits: [],
    ways,
    ...changes,
  };
}

/** USD that one call of a minute adds, half of which the agent speaks, in four answers. */
function perCall(way: Way): number | undefined {
  const set = setOf([way]);
  return costOf(way, set, new PriceList([set.prices]), ordinaryCall(1)).parts.speech?.perCallUsd;
}

test('a machine that is paid while calls last is paid for its start and its idle time as well', () => {
  expect(perCall(machine({}))).toBeCloseTo(0.06, 9);
  expect(perCall(machine({ startSeconds: 30, idleSeconds: 10 }))).toBeCloseTo(0.1, 9);
});

test('a machine that is paid by its answers is never paid for longer than the call', () => {
  // 30 s of speech at twice its pace, and four times 5 s.
  expect(perCall(machine({ billed: 'answers', realtimeFactor: 0.5, idleSeconds: 5 }))).toBeCloseTo(0.035, 9);
  expect(perCall(machine({ billed: 'answers', realtimeFactor: 0.5, idleSeconds: 60 }))).toBeCloseTo(0.12, 9);
});

test('a machine that runs all the time costs the same without a call, and says how busy it is', () => {
  const { ways } = compareWays(setOf([cloud, machine({ billed: 'hours', hours: 100 })]), {
    minutes: 6_000,
    calls: 6_000,
  });
  expect(ways[1]).toMatchObject({ usdPerMonth: 360, busyShare: 0.5 });
  expect(ways[1]?.usdAt(0)).toBe(360);
  expect(ways[1]?.cheaper?.[0]?.fromMinutes).toBeCloseTo(3_600, 6);
});

test('a machine that must speak more than half of its hours is said to be too few', () => {
  const set = setOf([cloud, machine({ billed: 'hours', hours: 100 })]);
  expect(costTable(compareWays(set, { minutes: 6_000, calls: 6_000 }))).not.toContain('callers wait');
  expect(costTable(compareWays(set, { minutes: 9_600, calls: 9_600 }))).toContain(
    'speaks 80 % of its time: callers wait',
  );
});

test('hours that are asked for replace those of part-time machines alone', () => {
  const set = setOf([
    cloud,
    machine({ billed: 'hours', hours: 100, partTime: true }),
    machine({ billed: 'hours', hours: 730 }),
  ]);
  const { ways } = compareWays(set, { minutes: 60, calls: 10, partTimeHours: 10 });
  expect(ways.map(({ usdPerMonth }) => Math.round(usdPerMonth))).toEqual([6, 36, 2_628]);
});

test('what is given away is taken off until it is used up, and then no more', () => {
  const set = setOf([cloud, machine({ startSeconds: 60 })], { credits: [{ provider: 'host', usdPerMonth: 36 }] });
  const { ways } = compareWays(set, { minutes: 100, calls: 100 });
  expect(ways[1]?.usdPerMonth).toBe(0);
  // 0.12 a minute of which 36 are free, against 0.10: as much at 1,800 minutes.
  expect(ways[1]?.usdAt(1_800)).toBeCloseTo(180, 6);
  expect(cheaperText(ways[1]?.cheaper)).toBe('up to 1,800 minutes');
});

test('a line that is paid by whole minutes costs half a minute more in each call', () => {
  const line = { provider: 'telco', model: 'voice' };
  const set = setOf([
    { ...cloud, line },
    { ...cloud, line: { ...line, wholeMinutes: true } },
  ]);
  const { ways } = compareWays(set, { minutes: 300, calls: 100 });
  expect(ways.map(({ parts }) => parts.line?.toFixed(2))).toEqual(['3.00', '3.50']);
});

test('what has no price is named, and the sum is said to be too small', () => {
  const set = setOf([cloud, { ...machine({}), languageModel: { provider: 'acme', model: 'thinker' } }]);
  const comparison = compareWays(set, { minutes: 60, calls: 60 });
  expect(comparison.ways[1]).toMatchObject({ unpriced: ['acme/thinker'], parts: { languageModel: null } });
  expect(costTable(comparison)).toMatch(/3\.60 \+ \?/);
  expect(costTable(comparison)).toContain('machine: no price for acme/thinker: it costs more than is said here');
});

test('a language model that is asked for is not given to a model that hears and speaks', () => {
  const set = setOf([cloud, machine({})]);
  const { ways } = compareWays(set, { minutes: 60, calls: 60, languageModel: { provider: 'acme', model: 'talk' } });
  expect(ways.map(({ parts, unpriced }) => [parts.languageModel, unpriced])).toEqual([
    [null, []],
    // Priced by the minute of audio, of which it has none.
    [null, ['acme/talk']],
  ]);
});

test('models read everything again for each answer: long calls cost more a minute', () => {
  const call: CallProfile = { callMs: 60_000, agentMs: 30_000, answers: 4, promptTokens: 1_000 };
  // 100 tokens heard and 100 said: of 200, four answers read 0 + 50 + 100 + 150 again.
  expect(usageOfLanguageModel(call)).toEqual({ 'input-tokens': 4_400, 'output-tokens': 100 });
  expect(usageOfRealtime(call)).toEqual({
    'audio-ms': 60_000,
    'input-tokens': 1_000,
    'cached-tokens': 3_000,
    'output-tokens': 100,
    'audio-input-tokens': 300,
    'audio-cached-tokens': 1_350,
    'audio-output-tokens': 600,
  });
});

const growing = (fixedUsd: number, perCallUsd: number, creditUsd = 0): WayCost => {
  const speech: Growth = { fixedUsd, perCallUsd, creditUsd };
  const parts = { speech, recogniser: undefined, languageModel: undefined, line: undefined };
  return { way: cloud, parts, used: [], unpriced: [] };
};

test.each([
  ['nothing before the first call and less for each', growing(0, 1), growing(0, 2), 'always'],
  ['the same', growing(0, 1), growing(0, 1), 'always'],
  ['more for each', growing(0, 2), growing(0, 1), 'never'],
  ['more before the first call, and more for each', growing(10, 2), growing(0, 1), 'never'],
  ['less for each after a beginning', growing(10, 1), growing(0, 2), 'from 10 minutes'],
  ['less at the beginning alone', growing(0, 2), growing(10, 1), 'up to 10 minutes'],
  ['a credit that is used up', growing(0, 3, 10), growing(0, 1), 'up to 5 minutes'],
  ['a beginning, then a credit that is used up', growing(5, 3, 15), growing(0, 1), 'up to 5 minutes'],
  ['against a credit that is used up', growing(0, 1), growing(0, 2, 10), 'from 10 minutes'],
  ['between two bends', growing(0, 4, 20), growing(2, 1, 0), 'up to 7 minutes'],
])('break-even: %s', (_, way, than, expected) => {
  const spans = cheaperSpans(way, than).map(({ fromCalls, toCalls }) => ({
    fromMinutes: fromCalls,
    toMinutes: toCalls,
  }));
  expect(cheaperText(spans)).toBe(expected);
});

test('one is said as one', () => {
  const table = costTable(compareWays(setOf([cloud]), { minutes: 1, calls: 1 }));
  expect(table).toContain('1 minute a month in 1 call of 1:00, at prices of');
  expect(cheaperText([{ fromMinutes: 0.4, toMinutes: null }])).toBe('from 1 minute');
  expect(cheaperText([{ fromMinutes: 0, toMinutes: 1.5 }])).toBe('up to 1 minute');
  expect(cheaperText([{ fromMinutes: 1, toMinutes: 1_200 }])).toBe('from 1 to 1,200 minutes');
});
