import { expect, test } from 'vitest';
import { runOf } from './run-fixture.js';
import { bytesPerCall, medianOf, medianOfPairs, rowsOf } from './summary.js';

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
  [[1, Number.NaN, 3], 2],
  [[], Number.NaN],
])('the median of %j is %d', (values, median) => {
  expect(medianOf(values)).toEqual(median);
});

test('a row has the medians of the runs that count', () => {
  const runs = [
    runOf('a', 100, { cpu: 10, lost: 1 }),
    runOf('a', 100, { cpu: 99, rejections: ['steal 9.0 %'] }),
    runOf('a', 100, { cpu: 12, lost: 3 }),
    runOf('a', 100, { cpu: 14, lost: 2 }),
  ];
  const [row, ...more] = rowsOf(runs);
  expect(more).toEqual([]);
  expect(row).toMatchObject({ cpuPercent: 12, mainPercent: 6, accepted: 3, runs: 4, rejections: ['steal 9.0 %'] });
  expect(row?.lossPercent).toBeCloseTo(0.2);
  expect(row?.unreturnedPercent).toBe(0);
});

test('where no run counts the row says so and still has figures', () => {
  const [row] = rowsOf([runOf('a', 100, { cpu: 10, rejections: ['steal 9.0 %'] })]);
  expect(row).toMatchObject({ accepted: 0, runs: 1, cpuPercent: 10 });
});

test('rows come in the order of their first runs, one for each target and size', () => {
  const runs = [runOf('a', 50), runOf('b', 50), runOf('a', 50), runOf('a', 100)];
  expect(rowsOf(runs).map(({ target, calls, runs: count }) => [target, calls, count])).toEqual([
    ['a', 50, 2],
    ['b', 50, 1],
    ['a', 100, 1],
  ]);
});

test('memory a call is the slope between the sizes furthest apart', () => {
  const rows = rowsOf([
    runOf('a', 400, { rssMb: 135 }),
    runOf('a', 100, { rssMb: 200 }),
    runOf('a', 50, { rssMb: 100 }),
  ]);
  expect(bytesPerCall(rows)).toBeCloseTo((35 * 2 ** 20) / 350);
  expect(bytesPerCall(rows.slice(0, 1))).toBeUndefined();
});

test('a ratio is the median over pairs of the same round, where both runs count', () => {
  const runs = [
    ...[10, 20, 10, 10].map((cpu, round) => runOf('c', 200, { cpu, rejections: round === 3 ? ['late'] : [] })),
    ...[20, 60, 50, 90].map((cpu) => runOf('node', 200, { cpu })),
    runOf('node', 400, { cpu: 1 }),
  ];
  const ratio = medianOfPairs(runs, 'node', 'c', 200, (a, b) => a.usage.cpuPercent / b.usage.cpuPercent);
  expect(ratio).toBe(3);
});

test('without a pair that counts there is no ratio', () => {
  const runs = [runOf('c', 200, { rejections: ['late'] }), runOf('node', 200)];
  expect(medianOfPairs(runs, 'node', 'c', 200, () => 1)).toBeNaN();
});
