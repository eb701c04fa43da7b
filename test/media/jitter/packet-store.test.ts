import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PacketStore, STORED_PACKETS } from '../../../src/media/jitter/packet-store.js';

const payloadOf = (store: PacketStore, sequence: number): number[] => {
  const slot = store.slotOf(sequence);
  const offset = store.offsetOf(slot);
  return [...store.payloadOf(slot).subarray(offset, offset + store.bytesOf(slot))];
};

test('payloads are copies, of any length and however far apart the packets are that are held', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ ahead: fc.integer({ min: -20, max: 20 }), length: fc.integer({ min: 1, max: 600 }) }), {
        maxLength: 60,
      }),
      (packets) => {
        const store = new PacketStore();
        const held = new Map<number, number[]>();
        const bytes = new Uint8Array(700);
        const words = new Int32Array(bytes.buffer);
        const frame = new Int32Array(200);
        let sequence = 70_000;
        packets.forEach(({ ahead, length }, index) => {
          sequence += ahead;
          for (const other of held.keys()) {
            if (Math.abs(other - sequence) < STORED_PACKETS) continue;
            store.release(store.slotOf(other));
            held.delete(other);
          }
          // A transport uses its memory again.
          bytes.fill(index + 1);
          held.set(sequence, new Array<number>(length).fill(index + 1));
          const first = Math.min(...held.keys());
          const last = Math.max(...held.keys());
          // Copied in words, where both is a multiple of four; as often in bytes.
          const source = index % 2 === 0 ? words : undefined;
          store.put(sequence, 160 * index, 160, index, bytes, 12, length, first, last, source);
          bytes.fill(255);
        });
        for (const [number, payload] of held) {
          expect(store.holds(store.slotOf(number), number)).toBe(true);
          expect(payloadOf(store, number)).toEqual(payload);
          const count = (payload.length - 4) & ~3;
          frame.fill(0);
          if (count <= 0 || !store.copy(store.slotOf(number), 4, frame, 8, count)) continue;
          const copied = [...new Uint8Array(frame.buffer)];
          expect(copied.slice(0, 9 + count)).toEqual([
            ...new Array<number>(8).fill(0),
            ...payload.slice(4, 4 + count),
            0,
          ]);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('a payload is copied in words where it begins and ends at one, and lies with its neighbours', () => {
  const store = new PacketStore();
  const bytes = Uint8Array.from({ length: 172 }, (_, index) => index);
  store.put(7, 0, 160, 1, bytes, 12, 160, 7, 7, new Int32Array(bytes.buffer));
  store.put(8, 160, 300, 1, new Uint8Array(300), 0, 300, 7, 8);
  const frame = new Int32Array(40);
  expect(store.copy(store.slotOf(7), 0, frame, 0, 160)).toBe(true);
  expect([...new Uint8Array(frame.buffer)]).toEqual([...bytes.subarray(12)]);
  for (const [passed, at, count] of [
    [1, 0, 4],
    [0, 2, 4],
    [0, 0, 6],
  ] as const) {
    expect(store.copy(store.slotOf(7), passed, frame, at, count)).toBe(false);
  }
  expect(store.copy(store.slotOf(8), 0, frame, 0, 160)).toBe(false);
});

test('what is released is not held any more', () => {
  const store = new PacketStore();
  store.put(5, -1, 160, 1, Uint8Array.of(1, 2, 3), 1, 2, 5, 5);
  const slot = store.slotOf(5);
  expect([store.holds(slot, 5), store.endOf(slot), store.arrivalOf(slot)]).toEqual([true, 159, 1]);
  store.release(slot);
  expect(store.holds(slot, 5)).toBe(false);
});

test('packets that lie far apart are held together with those near by, and forgotten when it is cleared', () => {
  const store = new PacketStore();
  const payload = (sequence: number): Uint8Array => Uint8Array.of(sequence & 255, 1, 2, 3);
  // A number of more than 32 bits, as after many restarts of the sender.
  const first = 2 ** 32 - 40;
  const numbers = [first, first + 3, first + 30, first + STORED_PACKETS - 1];
  let last = first;
  for (const sequence of numbers) {
    last = Math.max(last, sequence);
    store.put(sequence, sequence - first, 160, 1, payload(sequence), 0, 4, first, last);
  }
  for (const sequence of numbers) {
    const slot = store.slotOf(sequence);
    expect([store.holds(slot, sequence), store.startOf(slot)]).toEqual([true, sequence - first]);
    expect(payloadOf(store, sequence)).toEqual([...payload(sequence)]);
  }
  store.clear();
  for (const sequence of numbers) expect(store.holds(store.slotOf(sequence), sequence)).toBe(false);
});
