import { expect, test } from 'vitest';
import { PacedReading } from '../../../src/signaling/embedded/transport/paced-reading.js';
import { FakeClock } from '../../support/fake-clock.js';

const setUp = (costMs: number) => {
  const clock = new FakeClock();
  const handled: number[] = [];
  const turns: (() => void)[] = [];
  const reading = new PacedReading<number>({
    clock,
    handle: (message) => {
      handled.push(message);
      clock.advance(costMs);
    },
    nextTurn: (callback) => turns.push(callback),
  });
  const turn = (): number => {
    const before = handled.length;
    turns.shift()?.();
    return handled.length - before;
  };
  return { reading, handled, turn, turns };
};

test('messages that cost little are handed on at once', () => {
  const { reading, handled } = setUp(0.1);
  for (let message = 0; message < 50; message += 1) reading.take(message);
  expect(handled).toHaveLength(50);
});

test('a turn of the event loop spends no more than 8 ms on them; what waits comes in order, before what comes later', () => {
  const { reading, handled, turn } = setUp(1);
  for (let message = 0; message < 20; message += 1) reading.take(message);
  expect(handled).toHaveLength(8);
  expect(turn()).toBe(8);
  reading.take(20);
  expect(handled).toHaveLength(16);
  expect(turn()).toBe(5);
  expect(handled).toEqual(Array.from({ length: 21 }, (_, index) => index));
});

test('an idle socket sets nothing off', () => {
  const { reading, turn, turns } = setUp(1);
  reading.take(1);
  expect(turns).toHaveLength(1);
  turn();
  expect(turns).toHaveLength(0);
});

test('a backlog is bounded: what does not fit is lost', () => {
  const { reading, handled, turn } = setUp(8);
  const taken = Array.from({ length: 1_200 }, (_, message) => reading.take(message));
  expect(taken.filter(Boolean)).toHaveLength(1_001);
  for (let count = 0; count < 2_000; count += 1) turn();
  expect(handled).toHaveLength(1_001);
  expect(handled.at(-1)).toBe(1_000);
});

test('once closed nothing is handed on', () => {
  const { reading, handled, turn } = setUp(8);
  for (let message = 0; message < 5; message += 1) reading.take(message);
  reading.close();
  turn();
  expect(reading.take(6)).toBe(false);
  expect(handled).toEqual([0]);
});

test('a handler that closes ends the turn', () => {
  const clock = new FakeClock();
  const handled: number[] = [];
  const turns: (() => void)[] = [];
  const reading: PacedReading<number> = new PacedReading<number>({
    clock,
    handle: (message) => {
      handled.push(message);
      clock.advance(8);
      if (message === 1) reading.close();
    },
    nextTurn: (callback) => turns.push(callback),
  });
  for (let message = 0; message < 4; message += 1) reading.take(message);
  while (turns.length > 0) turns.shift()?.();
  expect(handled).toEqual([0, 1]);
});
