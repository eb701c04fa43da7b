import { expect, test } from 'vitest';
import { PortPool } from '../../../src/media/sockets/port-pool.js';
import { FakeClock } from '../../support/fake-clock.js';
import { SeededRandom } from '../../support/seeded-random.js';

const poolOf = (min: number, max: number, clock = new FakeClock()): PortPool =>
  new PortPool({ min, max, restSeconds: 30 }, { clock, random: new SeededRandom(min) });

test('ports are even, lie in the range with their RTCP port, and are handed out once', () => {
  const pool = poolOf(35_001, 35_100);
  const ports = new Set<number>();
  for (let port = pool.acquire(); port !== undefined; port = pool.acquire()) ports.add(port);
  expect(ports.size).toBe(49);
  for (const port of ports) {
    expect(port % 2).toBe(0);
    expect(port).toBeGreaterThanOrEqual(35_002);
    expect(port + 1).toBeLessThanOrEqual(35_100);
  }
  expect(pool.usage()).toEqual({ inUse: 49, resting: 0, free: 0 });
});

test('a range of one even port without its odd one holds nothing', () => {
  expect(poolOf(40_000, 40_000).acquire()).toBeUndefined();
  expect(poolOf(40_000, 40_001).acquire()).toBe(40_000);
});

test('the next port cannot be told from the last', () => {
  const pool = poolOf(30_000, 59_999);
  const steps = new Set<number>();
  let last = pool.acquire() ?? 0;
  for (let round = 0; round < 20; round += 1) {
    const port = pool.acquire() ?? 0;
    steps.add(port - last);
    last = port;
  }
  expect(steps.size).toBeGreaterThan(15);
});

test('a released port rests before it is used again', () => {
  const clock = new FakeClock();
  const pool = poolOf(35_000, 35_001, clock);
  const port = pool.acquire() ?? 0;
  pool.release(port);
  expect(pool.usage()).toEqual({ inUse: 0, resting: 1, free: 0 });
  clock.advance(29_999);
  expect(pool.acquire()).toBeUndefined();
  clock.advance(1);
  expect(pool.usage()).toEqual({ inUse: 0, resting: 0, free: 1 });
  expect(pool.acquire()).toBe(port);
});

test('a port released twice, or never acquired, is counted once or not at all', () => {
  const pool = poolOf(35_000, 35_003);
  const port = pool.acquire() ?? 0;
  pool.release(port);
  pool.release(port);
  pool.release(10);
  pool.release(35_001);
  expect(pool.usage()).toEqual({ inUse: 0, resting: 1, free: 1 });
});

test('thousands of calls later every port is free again', () => {
  const clock = new FakeClock();
  const pool = poolOf(35_000, 35_199, clock);
  for (let round = 0; round < 5_000; round += 1) {
    const port = pool.acquire();
    if (port !== undefined) pool.release(port);
    clock.advance(500);
  }
  clock.advance(30_000);
  expect(pool.usage()).toEqual({ inUse: 0, resting: 0, free: 100 });
});
