import { expect, test } from 'vitest';
import { BacklogFilter } from '../../../flavors/echo/backlog-filter.js';

test('frames in time, with the jitter of a busy host, are no backlog', () => {
  const filter = new BacklogFilter();
  const jitterMs = [0, 3, 12, 0, 25, 38, 1];
  const verdicts = jitterMs.map((late, index) => filter.isBacklog(index * 20, 1000 + index * 20 + late));
  expect(verdicts).toEqual(jitterMs.map(() => false));
});

test('after a stall, the frames that come in a rush are left out but the last two, and time goes on as before', () => {
  const filter = new BacklogFilter();
  expect(filter.isBacklog(0, 1000)).toBe(false);
  // 400 ms without the process: 20 frames at once.
  const rush = Array.from({ length: 20 }, (_, index) => filter.isBacklog(20 + index * 20, 1400 + index * 0.1));
  expect(rush.filter((backlog) => backlog)).toHaveLength(18);
  expect(rush.slice(-2)).toEqual([false, false]);
  expect(filter.isBacklog(420, 1420)).toBe(false);
});

test('a host that catches up slowly is still catching up', () => {
  const filter = new BacklogFilter();
  filter.isBacklog(0, 1000);
  // 1 s behind, made up for at twice the speed of time.
  const verdicts = Array.from({ length: 96 }, (_, index) => filter.isBacklog(20 + index * 20, 2020 + index * 10));
  expect(verdicts.some((backlog) => !backlog)).toBe(false);
});

test('lateness that stays is the new normal after 200 ms', () => {
  const filter = new BacklogFilter();
  filter.isBacklog(0, 1000);
  const verdicts = Array.from({ length: 20 }, (_, index) => filter.isBacklog(20 + index * 20, 1520 + index * 20));
  expect(verdicts.indexOf(false)).toBe(11);
  expect(verdicts.slice(11).every((backlog) => !backlog)).toBe(true);
});

test('a host that hands frames over faster than real time loses none', () => {
  const filter = new BacklogFilter();
  const verdicts = Array.from({ length: 1000 }, (_, index) => filter.isBacklog(index * 20, 1000));
  expect(verdicts.some((backlog) => backlog)).toBe(false);
});
