import { expect, test } from 'vitest';
import { SequenceTracker } from '../../../src/media/rtp/sequence-tracker.js';
import { SeededRandom } from '../../support/seeded-random.js';

/** Feeds sequence numbers, one every 20 ms, and returns the verdicts. */
const setUp = () => {
  const tracker = new SequenceTracker(8000);
  let nowMs = 0;
  const feed = (sequences: readonly number[], options: { ssrc?: number; stepMs?: number } = {}) =>
    sequences.map((sequence) => {
      nowMs += options.stepMs ?? 20;
      return tracker.update(options.ssrc ?? 1, sequence & 0xffff, sequence * 160, true, nowMs);
    });
  return { tracker, feed };
};

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);

test('a plain stream loses nothing', () => {
  const { tracker, feed } = setUp();
  expect(feed(range(100, 50))).toEqual(['restarted', ...new Array(49).fill('next')]);
  expect([tracker.expected, tracker.lost, tracker.duplicates]).toEqual([50, 0, 0]);
});

test('the extended number goes on over the wrap', () => {
  const { tracker, feed } = setUp();
  feed([65_534]);
  const start = tracker.extended;
  feed([65_535, 65_536, 65_537]);
  expect(tracker.extended - start).toBe(3);
  expect(tracker.lost).toBe(0);
});

test('a wrap once every 20 minutes is followed for a day', () => {
  const { tracker, feed } = setUp();
  feed(range(1, 300_000));
  expect([tracker.expected, tracker.lost]).toEqual([300_000, 0]);
});

test('lost packets are counted, late ones taken back', () => {
  const { tracker, feed } = setUp();
  feed([1, 2, 5, 6]);
  expect(tracker.lost).toBe(2);
  expect(feed([4])).toEqual(['next']);
  expect(tracker.lost).toBe(1);
});

test('late and duplicate packets keep their number', () => {
  const { tracker, feed } = setUp();
  feed([10, 12]);
  const newest = tracker.extended;
  feed([11]);
  expect(tracker.extended).toBe(newest - 1);
});

test('a packet that comes three times counts once', () => {
  const { tracker, feed } = setUp();
  expect(feed([1, 1, 1, 2, 2, 2])).toEqual(['restarted', 'duplicate', 'duplicate', 'next', 'duplicate', 'duplicate']);
  expect([tracker.duplicates, tracker.lost, tracker.expected]).toEqual([4, 0, 2]);
});

test('the very first packets may have changed places', () => {
  const { tracker, feed } = setUp();
  expect(feed([101, 100, 102])).toEqual(['restarted', 'next', 'next']);
  expect([tracker.expected, tracker.lost]).toEqual([3, 0]);
});

test('one stray number is refused, the stream goes on', () => {
  const { tracker, feed } = setUp();
  expect(feed([1, 2, 30_000, 3, 4]).slice(1)).toEqual(['next', 'refused', 'next', 'next']);
  expect(tracker.lost).toBe(0);
});

test('a jump of the numbers is taken with its second packet', () => {
  const { tracker, feed } = setUp();
  expect(feed([1, 2, 30_000, 30_001, 30_002]).slice(2)).toEqual(['refused', 'restarted', 'next']);
  expect(tracker.lost).toBe(0);
});

test('numbers that begin again a little lower are taken with the third packet', () => {
  const { feed } = setUp();
  feed(range(100, 50));
  expect(feed([100, 101, 102, 103])).toEqual(['duplicate', 'duplicate', 'restarted', 'next']);
});

test('a block that the network delayed is late, not a new beginning', () => {
  const { tracker, feed } = setUp();
  feed([1, 2, 3, 9, 10, 11]);
  expect(feed([4, 5, 6, 7, 8], { stepMs: 0.1 })).toEqual(new Array(5).fill('next'));
  expect(tracker.lost).toBe(0);
});

test('a second copy of the whole stream, late by 40 ms, is all duplicates', () => {
  const { tracker, feed } = setUp();
  const verdicts = feed(
    range(1, 100).flatMap((sequence) => (sequence > 2 ? [sequence, sequence - 2] : [sequence])),
    { stepMs: 10 },
  );
  expect(verdicts.filter((verdict) => verdict === 'restarted')).toHaveLength(1);
  expect(tracker.duplicates).toBe(98);
});

test('another SSRC begins anew; totals go on', () => {
  const { tracker, feed } = setUp();
  feed([1, 2, 4]);
  const before = tracker.extended;
  expect(feed([40, 41], { ssrc: 2 })).toEqual(['restarted', 'next']);
  expect(tracker.extended).toBeGreaterThan(before);
  expect([tracker.expected, tracker.lost]).toEqual([6, 1]);
});

test('an SSRC of 32 bits is known again, and told as it came', () => {
  const { tracker, feed } = setUp();
  expect(feed([1, 2, 3], { ssrc: 0xf1f2_f3f4 })).toEqual(['restarted', 'next', 'next']);
  expect([tracker.hears(0xf1f2_f3f4), tracker.hears(0x71f2_f3f4)]).toEqual([true, false]);
  expect(tracker.source?.ssrc).toBe(0xf1f2_f3f4);
});

test('jitter follows RFC 3550 A.8', () => {
  const tracker = new SequenceTracker(8000);
  const delays = [0, 10, 0, 10, 0, 10];
  let expected = 0;
  delays.forEach((delayMs, index) => {
    tracker.update(1, index, 160 * index, true, 20 * index + delayMs);
    if (index > 0) expected += (10 - expected) / 16;
  });
  expect(tracker.jitterMs).toBeCloseTo(expected, 6);
});

test('jitter is measured in the order of arrival, not of the numbers (RFC 3550 section 6.4.1)', () => {
  const tracker = new SequenceTracker(8000);
  // 1, 3, 2, 4: the second one took 30 ms longer than the others.
  const arrivals = [
    [1, 0],
    [3, 40],
    [2, 50],
    [4, 60],
  ] as const;
  for (const [sequence, atMs] of arrivals) tracker.update(1, sequence, 160 * sequence, true, atMs);
  const afterThird = 30 / 16;
  expect(tracker.jitterMs).toBeCloseTo(afterThird + (30 - afterThird) / 16, 6);
});

test('telephone events and jumps of the timestamp are no jitter', () => {
  const tracker = new SequenceTracker(8000);
  tracker.update(1, 1, 0, true, 0);
  for (let index = 2; index < 20; index += 1) tracker.update(1, index, 160, false, 20 * index);
  tracker.update(1, 20, 77_760_000, true, 400);
  tracker.update(1, 21, 77_760_160, true, 420);
  expect(tracker.jitterMs).toBe(0);
});

test('no order of packets makes the figures negative or stops the stream', () => {
  const random = new SeededRandom(11);
  const { tracker, feed } = setUp();
  for (let round = 0; round < 20_000; round += 1) {
    feed([random.integer(65_536)], {
      ssrc: random.integer(50) === 0 ? random.integer(3) : 1,
      stepMs: random.integer(30),
    });
    if (tracker.lost < 0 || tracker.jitterMs < 0 || !Number.isSafeInteger(tracker.expected))
      throw new Error('impossible figure');
  }
  expect(feed(range(500, 10)).slice(-5)).toEqual(new Array(5).fill('next'));
});
