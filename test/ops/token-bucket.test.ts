import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenBucket } from '../../src/ops/token-bucket.js';

test('a full bucket gives its depth at once and then a token each interval', () => {
  const bucket = new TokenBucket({ perSecond: 50, depth: 50 }, 0);
  let taken = 0;
  while (bucket.take(0)) taken += 1;
  expect(taken).toBe(50);
  expect(bucket.waitMs(0)).toBeCloseTo(20);
  expect(bucket.take(19)).toBe(false);
  expect(bucket.take(20)).toBe(true);
  expect(bucket.take(20)).toBe(false);
});

test('tokens do not pile up beyond the depth', () => {
  const bucket = new TokenBucket({ perSecond: 10, depth: 3 }, 0);
  let taken = 0;
  while (bucket.take(1_000_000)) taken += 1;
  expect(taken).toBe(3);
});

test('a rate below one a second still lets one through', () => {
  const bucket = new TokenBucket({ perSecond: 0.5, depth: 0.5 }, 0);
  expect(bucket.take(0)).toBe(true);
  expect(bucket.waitMs(0)).toBeCloseTo(2000);
  expect(bucket.take(2000)).toBe(true);
});

test('a clock that goes back gives nothing away', () => {
  const bucket = new TokenBucket({ perSecond: 1, depth: 1 }, 1000);
  expect(bucket.take(1000)).toBe(true);
  expect(bucket.take(0)).toBe(false);
  expect(bucket.take(1500)).toBe(false);
  expect(bucket.take(2000)).toBe(true);
});

test('however it is asked, no more than depth plus rate times time comes out, and all of that can', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 100 }), (waits, rate) => {
      const bucket = new TokenBucket({ perSecond: rate, depth: rate }, 0);
      let nowMs = 0;
      let taken = 0;
      for (const wait of waits) {
        nowMs += wait;
        while (bucket.take(nowMs)) taken += 1;
      }
      const limit = rate + (rate * nowMs) / 1000;
      expect(taken).toBeLessThanOrEqual(limit + 1e-6);
      // Asked at least every 400 ms a bucket one second deep never runs over.
      expect(taken).toBeGreaterThan(limit - rate - 1);
    }),
  );
});
