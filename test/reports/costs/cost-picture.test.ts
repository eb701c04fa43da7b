import { expect, test } from 'vitest';
import { readBuiltInPriceSet } from '../../../src/config/price-sets.js';
import { compareWays } from '../../../src/reports/costs/comparison.js';
import { drawCosts } from '../../../src/reports/costs/cost-picture.js';
import { textsOf } from '../../support/svg-texts.js';

const set = readBuiltInPriceSet('2026-01');

test('shows every way with its cost, and where it is worth it', () => {
  const texts = textsOf(drawCosts(compareWays(set, { minutes: 300, calls: 100 })));
  for (const { name } of set.ways) expect(texts).toContain(name);
  expect(texts).toContain('143.89 for 300 minutes · cheaper: from 470 minutes');
  expect(texts).toContain('470');
  expect(texts).toContain('300 minutes a month in 100 calls of 3:00, at prices of 2026-01-15');
});

test.each([
  [0.01, 1],
  [1, 1],
  [1e9, 1e9],
  [1e9, 1],
])('%d minutes in %d calls are a picture too', (minutes, calls) => {
  const svg = drawCosts(compareWays(set, { minutes, calls }));
  expect(textsOf(svg).length).toBeGreaterThan(20);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

test('labels stand one below the other', () => {
  const svg = drawCosts(compareWays(readBuiltInPriceSet('today'), { minutes: 1_000, calls: 300 }));
  const at = [...svg.matchAll(/y="(\d+)" font-size="13" fill="#\w+" font-weight="bold"/g)].map(([, y]) => Number(y));
  const rows = at.toSorted((a, b) => a - b);
  expect(rows.length).toBeGreaterThan(8);
  for (const [index, y] of rows.entries()) expect(y - (rows[index - 1] ?? -100)).toBeGreaterThanOrEqual(33);
});

test('a name out of a file is a name: no markup', () => {
  const [first, ...others] = set.ways;
  const hostile = { ...set, ways: [{ ...first, name: '<script>&"\u0000' }, ...others] };
  expect(textsOf(drawCosts(compareWays(hostile, { minutes: 300, calls: 100 })))).toContain(
    '&lt;script&gt;&amp;&quot; ',
  );
});
