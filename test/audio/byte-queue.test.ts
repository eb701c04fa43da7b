import { expect, test } from 'vitest';
import { ByteQueue } from '../../src/audio/byte-queue.js';
import { SeededRandom } from '../support/seeded-random.js';

test('whatever lengths come and are taken, in bytes or in words, the bytes come out in order', () => {
  const random = new SeededRandom(7);
  const queue = new ByteQueue();
  const target = new Uint8Array(4096);
  const words = new Int32Array(target.buffer);
  let pushed = 0;
  let taken = 0;
  for (let turn = 0; turn < 3_000; turn += 1) {
    // As a rule whole packets, which words are made for.
    const length = turn % 5 === 0 ? random.integer(700) : 160;
    queue.push(Uint8Array.from({ length }, (_, at) => (pushed + at) % 251));
    pushed += length;
    const wanted = turn % 7 === 0 ? random.integer(900) : 160;
    const offset = turn % 3 === 0 ? random.integer(9) : 12;
    target.fill(255);
    const count = queue.take(target, offset, wanted, turn % 2 === 0 ? words : undefined);
    expect(count).toBe(Math.min(wanted, pushed - taken));
    const expected = Array.from({ length: count }, (_, at) => (taken + at) % 251);
    expect([...target.subarray(offset, offset + count)]).toEqual(expected);
    expect([target[offset - 1] ?? 255, target[offset + count]]).toEqual([255, 255]);
    taken += count;
    expect(queue.length).toBe(pushed - taken);
  }
});
