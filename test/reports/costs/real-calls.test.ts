import { expect, test } from 'vitest';
import { PriceList } from '../../../src/ops/cost/price-list.js';
import { RealCalls } from '../../../src/reports/costs/real-calls.js';
import { realCallsTable } from '../../../src/reports/costs/real-calls-text.js';
import type { ReportedCall } from '../../../src/reports/record-source.js';

const prices = new PriceList([
  [
    { provider: 'p', model: 'ears', until: '2026-05-31', usdPerMinute: 0.01 },
    { provider: 'p', model: 'ears', from: '2026-06-01', usdPerMinute: 0.02 },
    { provider: 'p', model: 'gpu', usdPerHour: 3.6 },
  ],
]);

function call(changes: Partial<ReportedCall> = {}): ReportedCall {
  return {
    version: 1,
    flavor: 'a',
    startedAt: '2026-05-31T10:00:00.000Z',
    answeredAt: '2026-05-31T10:00:01.000Z',
    durationMs: 120_000,
    turns: [
      { stages: {}, heardMs: 3_000 },
      { stages: {}, heardMs: 30_000, v2vMs: 500 },
      { stages: {}, heardMs: 27_000, v2vMs: 700 },
    ],
    usage: [{ provider: 'p', model: 'ears', unit: 'audio-ms', quantity: 120_000 }],
    costUsd: 0.5,
    ...changes,
  };
}

function sumOf(...calls: readonly ReportedCall[]): RealCalls {
  const real = new RealCalls(prices);
  for (const each of calls) real.add(each);
  return real;
}

test('minutes, speech and answers make the average call', () => {
  const { calls, minutes, profile, days } = sumOf(call(), call({ startedAt: '2026-06-02T00:00:00.000Z', turns: [] }));
  expect({ calls, minutes, days }).toEqual({ calls: 2, minutes: 4, days: { first: '2026-05-31', last: '2026-06-02' } });
  expect(profile).toMatchObject({ callMs: 120_000, agentMs: 30_000, answers: 1 });
});

test('usage is priced by the day of its call', () => {
  const real = sumOf(call(), call({ startedAt: '2026-06-01T00:00:00.000Z', flavor: 'b' }));
  expect(real.usd).toBeCloseTo(0.06, 9);
  expect(real.flavors.map(({ flavor, usd, recordedUsd }) => [flavor, usd.toFixed(2), recordedUsd])).toEqual([
    ['a', '0.02', 0.5],
    ['b', '0.04', 0.5],
  ]);
});

test('what has no price is listed as such', () => {
  const usage = [
    { provider: 'p', model: 'gpu', unit: 'machine-ms', quantity: 3_600_000 },
    { provider: 'q', model: 'x', unit: 'characters', quantity: 12_345 },
  ];
  const real = sumOf(call({ usage }));
  expect(real.usage.map(({ model, usd }) => [model, usd])).toEqual([
    ['gpu', expect.closeTo(3.6, 9)],
    ['x', undefined],
  ]);
  expect(realCallsTable(real)).toMatch(/^q\/x +characters +12,345 +no price$/m);
});

test('a call that was not answered costs what it used, and is no call', () => {
  const real = sumOf(call({ answeredAt: null, durationMs: 0, turns: [] }));
  expect([real.calls, real.usd.toFixed(2), real.profile]).toEqual([0, '0.02', undefined]);
});

test('a file full of names does not fill the memory', () => {
  const strange = Array.from({ length: 2_000 }, (_, index) =>
    call({ flavor: `f${index}`, usage: [{ provider: 'p', model: `m${index}`, unit: 'characters', quantity: 1 }] }),
  );
  const real = sumOf(...strange);
  expect([real.calls, real.flavors.length, real.usage.length]).toEqual([2_000, 101, 501]);
  expect(real.flavors[0]).toMatchObject({ flavor: 'others', calls: 1_900 });
});

test('a name out of a file cannot write another row, or move the cursor', () => {
  const text = realCallsTable(sumOf(call({ flavor: 'a\n999 calls\u001b[2J' })));
  expect(text).toContain('a 999 calls [2J');
  expect(text).not.toContain('\u001b');
});
