import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PacketStore, STORED_PACKETS } from '../../src/media/packet-store.js';

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
          store.put(sequence, 160 * index, 160, index, bytes, 12, length, first, Math.max(...held.keys()));
          bytes.fill(255);
        });
        for (const [number, payload] of held) {
          expect(store.holds(store.slotOf(number), number)).toBe(true);
          expect(payloadOf(store, number)).toEqual(payload);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('what is released is not held any more', () => {
  const store = new PacketStore();
  store.put(5, -1, 160, 1, Uint8Array.of(1, 2, 3), 1, 2, 5, 5);
  const slot = store.slotOf(5);
  expect([store.holds(slot, 5), store.endOf(slot), store.arrivalOf(slot)]).toEqual([true, 159, 1]);
  store.release(slot);
  expect(store.holds(slot, 5)).toBe(false);
});
