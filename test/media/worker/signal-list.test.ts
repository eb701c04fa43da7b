import { expect, test } from 'vitest';
import { SignalList } from '../../../src/media/worker/signal-list.js';

test('a stream that signals again before it was heard stands in the list once', () => {
  const memory = SignalList.allocate(4);
  const adding = new SignalList(memory);
  const taking = new SignalList(memory);
  const flags = new Int32Array(new SharedArrayBuffer(16));
  expect(adding.add(2, flags, 2)).toBe(true);
  expect(adding.add(2, flags, 2)).toBe(false);
  expect(adding.add(1, flags, 1)).toBe(true);
  expect([taking.take(), taking.take(), taking.take()]).toEqual([2, 1, -1]);
  Atomics.store(flags, 2, 0);
  expect(adding.add(2, flags, 2)).toBe(true);
  expect(taking.take()).toBe(2);
});

test('all streams signalling at once, over and over, lose no signal', () => {
  const streams = 5;
  const memory = SignalList.allocate(streams);
  const adding = new SignalList(memory);
  const taking = new SignalList(memory);
  const flags = new Int32Array(new SharedArrayBuffer(4 * streams));
  for (let round = 0; round < 50; round += 1) {
    for (let id = 0; id < streams; id += 1) adding.add((id + round) % streams, flags, (id + round) % streams);
    const taken: number[] = [];
    for (let id = taking.take(); id >= 0; id = taking.take()) {
      Atomics.store(flags, id, 0);
      taken.push(id);
    }
    expect(taken).toEqual(Array.from({ length: streams }, (_, id) => (id + round) % streams));
  }
});
