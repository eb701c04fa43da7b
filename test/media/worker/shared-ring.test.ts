import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type RingPlace, RingReader, RingWriter } from '../../../src/media/worker/shared-ring.js';
import { sharedViews } from '../../../src/media/worker/shared-views.js';

const HEADER_BYTES = 64;

/** A ring whose positions start anywhere: they count for the life of a stream, and wrap. */
const placeOf = (capacity: number, startsAt = 0): RingPlace => {
  const memory = new SharedArrayBuffer(HEADER_BYTES + capacity);
  new Int32Array(memory).fill(startsAt, 0, 2);
  return { views: sharedViews(memory), byteOffset: HEADER_BYTES, capacity, writerIndex: 0, readerIndex: 1 };
};

/** Bytes that tell records apart. */
const contentsOf = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (seed * 31 + index) & 0xff);

const writeTo = (ring: RingWriter, type: number, bytes: Uint8Array): boolean => {
  const offset = ring.reserve(bytes.length);
  if (offset < 0) return false;
  ring.bytes.set(bytes, offset);
  ring.commit(type);
  return true;
};

const readFrom = (ring: RingReader): { type: number; bytes: number[] } | undefined => {
  if (!ring.next()) return undefined;
  const { type, offset, length } = ring;
  expect(offset % 8).toBe(0);
  const bytes = [...ring.bytes.subarray(offset, offset + length)];
  ring.release();
  return { type, bytes };
};

test('records of any lengths, written and read in any rhythm, come whole and in order', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 6, max: 12 }).map((bits) => 2 ** bits),
      // Near the end of what 32 bits hold, signed and unsigned.
      fc.constantFrom(0, 8, 0x7fff_ff00, -64, -8),
      fc.array(fc.record({ length: fc.nat(600), reads: fc.nat(4) }), { maxLength: 200 }),
      (capacity, startsAt, steps) => {
        const place = placeOf(capacity, startsAt);
        const writer = new RingWriter(place);
        const reader = new RingReader(place);
        const expected: { type: number; bytes: number[] }[] = [];
        steps.forEach(({ length, reads }, index) => {
          const bytes = contentsOf(Math.min(length, writer.longest), index);
          if (writeTo(writer, index, bytes)) expected.push({ type: index, bytes: [...bytes] });
          for (let read = 0; read < reads; read += 1) expect(readFrom(reader)).toEqual(expected.shift());
        });
        for (const record of expected) expect(readFrom(reader)).toEqual(record);
        expect(readFrom(reader)).toBeUndefined();
      },
    ),
    { numRuns: 100 },
  );
});

test('the longest record finds room in every empty ring, wherever its position stands', () => {
  for (let startsAt = 0; startsAt < 128; startsAt += 8) {
    const place = placeOf(128, startsAt);
    const writer = new RingWriter(place);
    const bytes = contentsOf(writer.longest, 1);
    expect(writeTo(writer, 1, bytes)).toBe(true);
    expect(readFrom(new RingReader(place))).toEqual({ type: 1, bytes: [...bytes] });
  }
});

test('a full ring takes nothing until something was read, and what is in it stays as it was', () => {
  const place = placeOf(256);
  const writer = new RingWriter(place);
  const reader = new RingReader(place);
  let written = 0;
  while (writeTo(writer, written, contentsOf(24, written))) written += 1;
  expect(written).toBe(8);
  expect(readFrom(reader)).toEqual({ type: 0, bytes: [...contentsOf(24, 0)] });
  expect(writeTo(writer, written, contentsOf(24, written))).toBe(true);
  for (let index = 1; index <= written; index += 1) {
    expect(readFrom(reader)).toEqual({ type: index, bytes: [...contentsOf(24, index)] });
  }
});

test('what is reserved and not committed is not seen', () => {
  const place = placeOf(256);
  const writer = new RingWriter(place);
  const reader = new RingReader(place);
  writer.reserve(8);
  expect(reader.next()).toBe(false);
  writeTo(writer, 2, contentsOf(8, 2));
  expect(readFrom(reader)?.type).toBe(2);
});

test('where the reader keeps up, the beginning of the ring is all that is used', () => {
  const place = placeOf(16_384);
  const writer = new RingWriter(place);
  const reader = new RingReader(place);
  for (let index = 0; index < 1000; index += 1) {
    const bytes = contentsOf(184, index);
    expect(writeTo(writer, index, bytes)).toBe(true);
    expect(readFrom(reader)).toEqual({ type: index, bytes: [...bytes] });
    expect(reader.offset).toBeLessThan(1024 + 192);
  }
});
