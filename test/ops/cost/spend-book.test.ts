import { mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PriceList } from '../../../src/ops/cost/price-list.js';
import { SpendBook, type SpendLimits } from '../../../src/ops/cost/spend-book.js';
import { spentBefore } from '../../../src/ops/cost/spent-before.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryLog } from '../../support/memory-log.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const HOUR_MS = 3_600_000;
const prices = new PriceList([[{ provider: 'p', model: 'm', usdPerMinute: 1 }]]);
const minutes = (quantity: number) => ({ provider: 'p', model: 'm', unit: 'audio-ms', quantity: quantity * 60_000 });

function bench(limits: Partial<SpendLimits> = {}, startsAt = Date.UTC(2026, 0, 1, 12)) {
  const clock = new FakeClock(0, startsAt);
  const log = new MemoryLog();
  const all: SpendLimits = { perCallUsd: undefined, perDayUsd: undefined, timeZone: 'UTC', ...limits };
  const book = new SpendBook(prices, all, { clock, log });
  const ended: string[] = [];
  return { clock, log, book, ended, open: (name: string) => book.open(() => ended.push(name)) };
}

test('a call costs what its usage costs', () => {
  const { book, open } = bench();
  const meter = open('a');
  expect(meter.cost).toEqual({ usd: null, unpriced: [] });
  meter.add(minutes(1.5));
  meter.add(minutes(0.25));
  expect(meter.cost.usd).toBe(1.75);
  expect(book.spentTodayUsd).toBe(1.75);
  for (const quantity of [Number.NaN, -5, Number.POSITIVE_INFINITY]) meter.add({ ...minutes(1), quantity });
  expect(meter.cost.usd).toBe(1.75);
});

test('what has no price is named, not guessed, and said once', () => {
  const { book, log, open } = bench();
  const unknown = { ...minutes(1), model: 'other' };
  for (const name of ['a', 'b']) {
    const meter = open(name);
    meter.add(unknown);
    meter.add(unknown);
    expect(meter.cost).toEqual({ usd: null, unpriced: ['p/other audio-ms'] });
  }
  expect(book.unpricedReports).toBe(4);
  expect(log.lines.filter(({ message }) => message.includes('without a price'))).toHaveLength(1);
});

test('a flavor that names ever new models fills neither the memory nor the log', () => {
  const { log, open } = bench();
  const meter = open('a');
  for (let number = 0; number < 300; number += 1) meter.add({ ...minutes(1), model: `model-${number}` });
  expect(meter.cost.unpriced).toHaveLength(100);
  expect(log.lines.filter(({ message }) => message.includes('without a price'))).toHaveLength(100);
});

test('a call that has cost as much as it may is told so, with every report from then on', () => {
  const { ended, open } = bench({ perCallUsd: 2 });
  const a = open('a');
  const b = open('b');
  a.add(minutes(1.9));
  b.add(minutes(1.9));
  expect(ended).toEqual([]);
  a.add(minutes(0.1));
  a.add(minutes(0.1));
  expect(ended).toEqual(['a', 'a']);
});

test('a day that has cost as much as it may ends every call that is up, and no other', () => {
  const { book, ended, open } = bench({ perDayUsd: 3 });
  const over = open('over');
  over.add(minutes(1));
  over.close();
  open('silent');
  const loud = open('loud');
  loud.add(minutes(1.9));
  expect([book.exhausted, ended]).toEqual([false, []]);
  loud.add(minutes(0.2));
  expect([book.exhausted, ended]).toEqual([true, ['silent', 'loud']]);
});

test('the next day begins at nothing, where the operator counts', () => {
  // 22:30 in London's winter, 23:30 in Berlin.
  const { book, clock, open } = bench({ perDayUsd: 1, timeZone: 'Europe/Berlin' }, Date.UTC(2026, 0, 1, 22, 30));
  open('a').add(minutes(2));
  expect([book.exhausted, book.retryAfterSeconds]).toEqual([true, 1800]);
  clock.advance(HOUR_MS / 2 - 1000);
  expect([book.exhausted, book.retryAfterSeconds]).toEqual([true, 1]);
  clock.advance(1000);
  expect([book.exhausted, book.spentTodayUsd]).toEqual([false, 0]);
});

test('a day that the clock is set back to goes on with what it has cost', () => {
  const { book, clock, ended, open } = bench({ perDayUsd: 3 }, Date.UTC(2026, 0, 1, 23, 59));
  open('a').add(minutes(2));
  clock.stepWallTime(HOUR_MS);
  open('b').add(minutes(1));
  expect(book.spentTodayUsd).toBe(1);
  clock.stepWallTime(-HOUR_MS);
  expect(book.spentTodayUsd).toBe(2);
  open('c').add(minutes(1));
  expect([book.exhausted, ended]).toEqual([true, ['a', 'b', 'c']]);
  clock.advance(60_000);
  expect(book.spentTodayUsd).toBe(1);
});

test('Retry-After is an hour at most: a reload may allow more before midnight', () => {
  const { book, open } = bench({ perDayUsd: 1 });
  open('a').add(minutes(2));
  expect(book.retryAfterSeconds).toBe(3_600);
});

test('a reload changes limits and prices for calls that are up', () => {
  const { book, ended, open } = bench();
  const meter = open('a');
  meter.add(minutes(2));
  book.renew(prices, { perCallUsd: 2, perDayUsd: undefined, timeZone: 'UTC' });
  expect(ended).toEqual(['a']);
  book.renew(new PriceList([]), { perCallUsd: undefined, perDayUsd: 1, timeZone: 'UTC' });
  expect(book.exhausted).toBe(true);
  meter.add(minutes(1));
  expect(meter.cost.usd).toBe(2);
});

test('a reload with another time zone, where it is another day, forgets nothing of what was spent', () => {
  const { book, clock, open } = bench({ perDayUsd: 3 });
  open('a').add(minutes(2));
  book.renew(prices, { perCallUsd: undefined, perDayUsd: 3, timeZone: 'Pacific/Kiritimati' });
  expect(book.spentTodayUsd).toBe(2);
  clock.advance(22 * HOUR_MS);
  expect(book.spentTodayUsd).toBe(0);
});

test('what comes after the end of a call is counted, and ends nothing', () => {
  const { book, ended, open } = bench({ perCallUsd: 1 });
  const meter = open('a');
  meter.close();
  meter.add(minutes(5));
  expect([book.spentTodayUsd, ended]).toEqual([5, []]);
});

const unread = (error: unknown): never => {
  throw error;
};

test('a process that starts anew goes on with what the records of the day say', async () => {
  const { book } = bench({ perDayUsd: 3 });
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const compareDay = (wallTimeMs: number): number => book.compareDay(wallTimeMs);
  expect(await spentBefore(path, compareDay, unread)).toBe(0);
  const record = (endedAt: string, costUsd: unknown) =>
    JSON.stringify({ endedAt, costUsd, filler: 'ü'.repeat(40_000) });
  const lines = [
    record('2026-01-01T09:00:00.000Z', 100),
    record('2025-12-31T23:59:59.999Z', 100),
    ...Array.from({ length: 20 }, () => record('2026-01-01T00:00:00.000Z', 0.1)),
    record('2026-01-01T10:00:00.000Z', null),
    // The clock was ahead when the machine came up.
    record('2026-01-02T00:30:00.000Z', 100),
    'torn {',
    '',
    record('2026-01-01T11:00:00.000Z', 1.5),
  ];
  await writeFile(path, `${lines.join('\n')}\n`);
  const usd = await spentBefore(path, compareDay, unread);
  expect(usd).toBeCloseTo(3.5, 6);
  book.carryOver(usd);
  expect(book.exhausted).toBe(true);
});

test('a process that starts anew after its records were rotated counts those of the day in the rotated files', async () => {
  const { book } = bench({ perDayUsd: 3 });
  const directory = temporaryDirectory();
  const path = join(directory, 'cdr.jsonl');
  const day = (date: string, ...costs: readonly number[]) =>
    costs.map((costUsd) => `${JSON.stringify({ endedAt: `${date}T01:00:00.000Z`, costUsd })}\n`).join('');
  const files = {
    'cdr.jsonl': '',
    'cdr.jsonl.1': day('2026-01-01', 1, 0.5),
    'cdr.jsonl-20260101': `${day('2025-12-31', 50)}${day('2026-01-01', 0.25)}`,
    'cdr.jsonl.3': day('2026-01-01', 100),
    'cdr.jsonl.open': day('2026-01-01', 100),
    'cdr.jsonl.1.gz': day('2026-01-01', 100),
    'other.jsonl.1': day('2026-01-01', 100),
  };
  let seconds = 1_000_000;
  for (const [name, content] of Object.entries(files)) {
    seconds -= 60;
    await writeFile(join(directory, name), content);
    await utimes(join(directory, name), seconds, seconds);
  }
  const compareDay = (wallTimeMs: number): number => book.compareDay(wallTimeMs);
  expect(await spentBefore(path, compareDay, unread)).toBeCloseTo(1.75, 6);
  // Moved away a moment ago, and not written anew yet.
  await rm(path);
  expect(await spentBefore(path, compareDay, unread)).toBeCloseTo(1.75, 6);
  expect(await spentBefore(join(directory, 'none', 'cdr.jsonl'), compareDay, unread)).toBe(0);
});

test('a rotated file that is gone, leads nowhere or cannot be read costs the others nothing', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'cdr.jsonl');
  const record = (endedAt: string, costUsd: number) => `${JSON.stringify({ endedAt, costUsd })}\n`;
  await writeFile(path, record('2026-01-01T01:00:00.000Z', 1));
  await symlink(join(directory, 'nowhere'), `${path}.1`);
  await mkdir(`${path}.2`);
  await writeFile(`${path}.3`, record('2026-01-01T02:00:00.000Z', 2));
  await writeFile(`${path}.4`, record('2026-01-01T03:00:00.000Z', 4));
  const broken = new Error('EIO');
  const compareDay = (wallTimeMs: number): number => {
    if (new Date(wallTimeMs).getUTCHours() === 2) throw broken;
    return 0;
  };
  const problems: unknown[] = [];
  expect(await spentBefore(path, compareDay, (error) => problems.push(error))).toBe(5);
  expect(problems).toEqual([broken]);
});
