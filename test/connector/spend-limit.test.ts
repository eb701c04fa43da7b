import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { carryOverSpending } from '../../src/connector/spending.js';
import { PriceList } from '../../src/ops/cost/price-list.js';
import { SpendBook } from '../../src/ops/cost/spend-book.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeLeg } from '../support/fake-leg.js';
import { createKeptLog } from '../support/silent-log.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { answered, setUp } from './connector-setup.js';

const cost = {
  prices: [{ provider: 'p', model: 'm', usdPerMillionCharacters: 1_000_000 }],
  perDayUsd: 3,
  timeZone: 'UTC',
  goodbye: { text: 'Goodbye.' },
};

const usd = (quantity: number) => ({ type: 'usage', provider: 'p', model: 'm', unit: 'characters', quantity }) as const;

test('when a day has cost as much as it may, its calls end, and new ones get 503 with Retry-After', async () => {
  const setup = await setUp({ cost });
  await setup.connector.start();
  await answered(setup);
  setup.flavors[0]?.sessions[0]?.events.push(usd(3.5));
  await expect.poll(() => setup.flavors[0]?.sessions[0]?.spoken).toEqual([{ text: 'Goodbye.' }]);
  const late = new FakeLeg();
  setup.driver.ring(late);
  expect(late.actions).toEqual(['reject 503']);
  expect(late.rejection?.retryAfterSeconds).toBeGreaterThan(0);
  const outbound = await setup.connector.dial({ to: '100', flavor: 'agent' });
  expect(outbound).toMatchObject({ ok: false });
  const records = await setup.records();
  // The goodbye of the first was still being spoken when the connector stopped.
  expect(records.map(({ cause, costUsd }) => [cause.text, costUsd])).toEqual([
    ['spend-limit', null],
    ['drain', 3.5],
  ]);
});

test('a reload brings a limit, and takes it away: what was spent stays spent', async () => {
  const { perDayUsd: _none, ...unlimited } = cost;
  const setup = await setUp({ cost: unlimited });
  await setup.connector.start();
  await answered(setup);
  setup.flavors[0]?.sessions[0]?.events.push(usd(3.5));
  await answered(setup);
  expect(await setup.connector.apply({ ...setup.config, cost })).toMatchObject({ ok: true });
  const late = new FakeLeg();
  setup.driver.ring(late);
  expect(late.actions).toEqual(['reject 503']);
  await expect.poll(() => setup.flavors[0]?.sessions[0]?.spoken).toEqual([{ text: 'Goodbye.' }]);
  const limits = { ...setup.config.limits, calls: 10 };
  expect(await setup.connector.apply({ ...setup.config, limits })).toMatchObject({ ok: true });
  await answered(setup);
});

test('a restart goes on with what the day has cost already', async () => {
  const setup = await setUp({ cost });
  await writeFile(setup.config.cdr.path, `${JSON.stringify({ endedAt: new Date().toISOString(), costUsd: 5 })}\n`);
  await setup.connector.start();
  const leg = new FakeLeg();
  setup.driver.ring(leg);
  expect(leg.actions).toEqual(['reject 503']);
});

test('a start with a clock that is ahead goes on with the right day once the clock is set back', async () => {
  const clock = new FakeClock(0, Date.UTC(2026, 0, 2, 0, 30));
  const log = createKeptLog();
  const limits = { perCallUsd: undefined, perDayUsd: 3, timeZone: 'UTC' };
  const book = new SpendBook(new PriceList([]), limits, { clock, log });
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  await writeFile(path, `${JSON.stringify({ endedAt: '2026-01-01T20:00:00.000Z', costUsd: 5 })}\n`);
  await carryOverSpending(book, path, log);
  const read = vi.spyOn(book, 'onSetBack');
  expect(book.spentTodayUsd).toBe(0);
  for (let day = 0; day < 2; day += 1) {
    clock.stepWallTime(-3_600_000);
    await expect.poll(() => book.spentTodayUsd).toBe(5);
    clock.stepWallTime(3_600_000);
    expect(book.spentTodayUsd).toBe(0);
  }
  expect(read).toHaveBeenCalledTimes(1);
});

test('records that cannot be read stop no start: the day begins at nothing, and the log says so', async () => {
  const log = createKeptLog();
  const carried: number[] = [];
  const book = { carryOver: (usd: number) => carried.push(usd), compareDay: () => 0 } as Partial<SpendBook>;
  const directory = temporaryDirectory();
  const loop = join(directory, 'cdr.jsonl');
  await symlink(loop, loop);
  for (const path of [directory, loop]) await carryOverSpending(book as SpendBook, path, log);
  expect(carried).toEqual([]);
  expect(log.lines.filter((line) => line.includes('counted from now'))).toHaveLength(2);
});
