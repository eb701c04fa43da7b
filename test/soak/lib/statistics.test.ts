import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentile, spreadOf } from './statistics.js';

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

test('a percentile is the nearest rank, whatever the order of the values', () => {
  expect(percentile(hundred, 0.5)).toBe(50);
  expect(percentile(hundred, 0.95)).toBe(95);
  expect(percentile(hundred, 0.99)).toBe(99);
  expect(percentile(hundred, 1)).toBe(100);
  expect(percentile([7], 0.01)).toBe(7);
  expect(percentile([1, 2], 0.5)).toBe(1);
  expect(percentile([1, 2], 0.51)).toBe(2);
});

test('of nothing there is no percentile', () => {
  expect(percentile([], 0.5)).toBeNaN();
  expect(spreadOf([]).count).toBe(0);
});

test('at least the share of the values lies at or below a percentile, and less than it below', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.integer({ min: 1, max: 100 }), (values, hundredths) => {
      const share = hundredths / 100;
      const found = percentile(values, share);
      expect(values).toContain(found);
      expect(values.filter((value) => value <= found).length).toBeGreaterThanOrEqual(share * values.length - 1e-9);
      expect(values.filter((value) => value < found).length).toBeLessThan(share * values.length);
    }),
  );
});

test('the values that are measured are left as they are', () => {
  const values = [3, 1, 2];
  expect(spreadOf(values)).toEqual({ count: 3, p50: 2, p95: 3, p99: 3, max: 3 });
  expect(values).toEqual([3, 1, 2]);
});
