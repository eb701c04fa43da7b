import { expect, test } from 'vitest';
import { parseCpuLine, parseStat, type Snapshot, type ThreadTime, takeSnapshot, usageBetween } from './proc.js';

const thread = (id: number, cpuMs: number, core = 0, name = 'node'): ThreadTime => ({
  id,
  name,
  cpuNs: cpuMs * 1e6,
  core,
});

function snapshot(atMs: number, threads: readonly ThreadTime[], others: readonly ThreadTime[], steal = 0): Snapshot {
  return { atMs, subject: { pid: 7, threads, rssBytes: 1 }, others, stealTicks: steal, totalTicks: atMs };
}

test('a thread whose name holds brackets and blanks is read', () => {
  const fields = Array.from({ length: 50 }, (_, index) => index + 3);
  expect(parseStat(`12 (a) b (c) S ${fields.slice(1).join(' ')}`)).toEqual({ name: 'a) b (c', core: 39 });
});

test('time stolen is the eighth figure of the first line', () => {
  expect(parseCpuLine('cpu  10 1 20 300 4 0 5 60 7 0\ncpu0 1 1 1 1 1 1 1 1')).toEqual({ steal: 60, total: 400 });
});

test('processor time is counted by thread, a new thread’s from its start', () => {
  const before = snapshot(1_000, [thread(7, 100), thread(8, 50)], []);
  const after = snapshot(2_000, [thread(7, 300), thread(8, 50), thread(9, 40, 0, 'V8Worker')], [], 10);
  const usage = usageBetween(before, after, 0);
  expect(usage.cpuPercent).toBeCloseTo(24);
  expect(usage.threads).toEqual([
    { name: 'main', cpuPercent: 20 },
    { name: 'V8Worker', cpuPercent: 4 },
  ]);
  expect(usage.stealPercent).toBeCloseTo(1);
});

test('others count where they ran on the core that is measured', () => {
  const before = snapshot(1_000, [thread(7, 0)], [thread(20, 0, 0), thread(21, 0, 1)]);
  const after = snapshot(2_000, [thread(7, 0)], [thread(20, 150, 0), thread(21, 900, 1), thread(22, 50, 0)]);
  expect(usageBetween(before, after, 0).foreignPercent).toBeCloseTo(20);
});

test('a look at this process finds its threads, its memory and others', () => {
  const { subject, others, totalTicks } = takeSnapshot(process.pid);
  expect(subject.threads.map(({ id }) => id)).toContain(process.pid);
  expect(subject.rssBytes).toBeGreaterThan(10_000_000);
  expect(others.length).toBeGreaterThan(0);
  expect(totalTicks).toBeGreaterThan(0);
});

test('a process that is gone is no process without threads', () => {
  expect(() => takeSnapshot(4_194_305)).toThrow('process 4194305 is gone');
});
