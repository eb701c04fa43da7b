import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CallerTape } from '../../../flavors/echo/caller-tape.js';

const BYTES_PER_MS = 2;
const FRAME_MS = 20;

/** A frame whose bytes tell its position. */
function frameAt(positionMs: number): Uint8Array {
  return Uint8Array.from({ length: FRAME_MS * BYTES_PER_MS }, (_, index) => (positionMs * BYTES_PER_MS + index) % 251);
}

function bytesBetween(fromMs: number, toMs: number): Uint8Array {
  const start = fromMs * BYTES_PER_MS;
  return Uint8Array.from({ length: (toMs - fromMs) * BYTES_PER_MS }, (_, index) => (start + index) % 251);
}

function record(tape: CallerTape, fromMs: number, toMs: number): void {
  for (let positionMs = fromMs; positionMs < toMs; positionMs += FRAME_MS) tape.write(frameAt(positionMs), positionMs);
}

const options = { bytesPerMs: BYTES_PER_MS, keepMs: 1_000, maxMs: 30_000 };

test('a stretch held from shortly before its discovery is cut out exactly, whatever came before', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          idleFrames: fc.integer({ min: 60, max: 400 }),
          backMs: fc.integer({ min: 0, max: 1_000 }),
          heldFrames: fc.integer({ min: 0, max: 500 }),
          cutMs: fc.integer({ min: 0, max: 500 }),
        }),
        { minLength: 1, maxLength: 6 },
      ),
      (stretches) => {
        const tape = new CallerTape(options);
        let nowMs = 0;
        for (const { idleFrames, backMs, heldFrames, cutMs } of stretches) {
          record(tape, nowMs, nowMs + idleFrames * FRAME_MS);
          nowMs += idleFrames * FRAME_MS;
          const fromMs = nowMs - backMs;
          tape.hold(fromMs);
          record(tape, nowMs, nowMs + heldFrames * FRAME_MS);
          nowMs += heldFrames * FRAME_MS;
          const toMs = Math.max(fromMs, nowMs - cutMs);
          expect(Buffer.compare(tape.cut(fromMs, toMs), bytesBetween(fromMs, toMs))).toBe(0);
          tape.release();
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a hold that is never released stops recording at the limit', () => {
  const tape = new CallerTape({ ...options, maxMs: 3_000 });
  record(tape, 0, 1_000);
  tape.hold(500);
  record(tape, 1_000, 60_000);
  expect(tape.endMs).toBe(3_000);
  expect(tape.cut(500, 60_000)).toEqual(bytesBetween(500, 3_000));
});

test('after such a hold the tape records anew', () => {
  const tape = new CallerTape({ ...options, maxMs: 3_000 });
  record(tape, 0, 1_000);
  tape.hold(500);
  record(tape, 1_000, 60_000);
  tape.release();
  record(tape, 60_000, 62_000);
  tape.hold(61_500);
  expect(tape.cut(61_500, 62_000)).toEqual(bytesBetween(61_500, 62_000));
});

test('a cut reaches no further than the tape', () => {
  const tape = new CallerTape(options);
  record(tape, 5_000, 6_000);
  expect(tape.cut(0, 5_100)).toEqual(bytesBetween(5_000, 5_100));
  expect(tape.cut(5_900, 9_000)).toEqual(bytesBetween(5_900, 6_000));
  expect(tape.cut(7_000, 6_500)).toHaveLength(0);
});

test('a position between two samples cuts none in half', () => {
  const tape = new CallerTape(options);
  record(tape, 0, 1_000);
  expect(tape.cut(100.4, 200.6).length % BYTES_PER_MS).toBe(0);
});

test('idle recording allocates nothing once it runs', () => {
  const tape = new CallerTape(options);
  record(tape, 0, 5_000);
  const before = process.memoryUsage().arrayBuffers;
  const frame = frameAt(0);
  for (let positionMs = 5_000; positionMs < 505_000; positionMs += FRAME_MS) tape.write(frame, positionMs);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000);
});
