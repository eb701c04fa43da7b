import { expect, test } from 'vitest';
import { RtcpSchedule } from '../../../src/media/rtcp/rtcp-schedule.js';
import { SeededRandom } from '../../support/seeded-random.js';

const two = { members: 2, senders: 2, weSent: true };

/** Times of the reports of one schedule up to `untilMs`, asked every 5 ms as the wheel does. */
const reportTimes = (seed: number, untilMs: number): number[] => {
  const schedule = new RtcpSchedule(new SeededRandom(seed));
  schedule.begin(0);
  const times: number[] = [];
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 5) {
    if (nowMs >= schedule.dueMs && schedule.expire(nowMs, two)) {
      times.push(nowMs);
      schedule.count(100);
    }
  }
  return times;
};

test('the first report comes within the halved interval, later ones 2 to 8 s apart and 5 s in the mean', () => {
  const gaps: number[] = [];
  for (let seed = 1; seed <= 40; seed += 1) {
    const times = reportTimes(seed, 120_000);
    expect(times[0]).toBeGreaterThanOrEqual(1_025);
    // 1.5 / 1.218 of 2.5 s, and of the full interval once a report was sent.
    expect(times[0]).toBeLessThanOrEqual(3_085);
    gaps.push(...times.slice(1).map((time, index) => time - (times[index] ?? 0)));
  }
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2_050);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(6_165);
  const meanMs = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  expect(meanMs).toBeGreaterThan(4_500);
  expect(meanMs).toBeLessThan(5_500);
});

test('calls that begin together do not report together', () => {
  const firsts = Array.from({ length: 50 }, (_, seed) => reportTimes(seed + 1, 5_000)[0]);
  expect(new Set(firsts).size).toBeGreaterThan(30);
});

test('nothing is due before it begins, and beginning again changes nothing', () => {
  const schedule = new RtcpSchedule(new SeededRandom(1));
  expect(schedule.dueMs).toBe(Number.POSITIVE_INFINITY);
  schedule.begin(100);
  const { dueMs } = schedule;
  schedule.begin(1_000);
  expect(schedule.dueMs).toBe(dueMs);
});

test('a peer that floods reports makes ours rarer, never more frequent', () => {
  const schedule = new RtcpSchedule(new SeededRandom(1));
  schedule.begin(0);
  for (let index = 0; index < 100; index += 1) schedule.count(20_000);
  const { dueMs } = schedule;
  expect(schedule.expire(dueMs, two)).toBe(false);
  expect(schedule.dueMs).toBeGreaterThan(30_000);
});
