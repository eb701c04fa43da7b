import { expect, test } from 'vitest';
import { AdaptiveJitterBuffer } from '../../../src/media/jitter/adaptive-jitter-buffer.js';
import { SeededRandom } from '../../support/seeded-random.js';

const FRAME_MS = 20;
const MINUTES = 5;
const JITTER_MS = 15;
/** More than crystals of phones are off by. */
const PPM = 500;
/** What the two clocks come to differ by, frames. */
const OWED_FRAMES = (MINUTES * 60_000 * PPM) / 1e6 / FRAME_MS;

test.each([
  ['slow', 1],
  ['fast', -1],
])('a phone whose clock runs %s costs a frame now and then, one at a time, and no delay', (_, sign) => {
  const random = new SeededRandom(5);
  const buffer = new AdaptiveJitterBuffer();
  const payload = new Uint8Array(160);
  const sentAt = (index: number): number => index * FRAME_MS * (1 + (sign * PPM) / 1e6) + random.integer(JITTER_MS + 1);
  let next = 0;
  let nextAtMs = sentAt(0);
  let late = 0;
  let invented = 0;
  let longestInventedMs = 0;
  let leftOut = 0;
  let longestWaitMs = 0;
  for (let frame = 0, inventedMs = 0; frame < MINUTES * 3000; frame += 1) {
    const nowMs = 7 + frame * FRAME_MS;
    while (nextAtMs <= nowMs) {
      if (buffer.put(1000 + next, next * 160, payload, 0, 160, nextAtMs) === 'late') late += 1;
      next += 1;
      nextAtMs = Math.max(nextAtMs, sentAt(next));
    }
    // The caller never pauses: there is no moment in which it would cost nothing.
    const { missingMs, before, playing, receivedAtMs } = buffer.take(nowMs, true);
    if (!playing || frame < 100) continue;
    inventedMs = missingMs > 0 ? inventedMs + missingMs : 0;
    longestInventedMs = Math.max(longestInventedMs, inventedMs);
    if (missingMs > 0) invented += 1;
    if (before !== undefined) leftOut += 1;
    if (!Number.isNaN(receivedAtMs)) longestWaitMs = Math.max(longestWaitMs, nowMs - receivedAtMs);
  }
  expect([late, buffer.discardedMs]).toEqual([0, 0]);
  expect(longestInventedMs).toBeLessThanOrEqual(FRAME_MS);
  const [changed, other] = sign > 0 ? [invented, leftOut] : [leftOut, invented];
  expect(Math.abs(changed - OWED_FRAMES)).toBeLessThanOrEqual(2);
  expect(other).toBe(0);
  expect(longestWaitMs).toBeLessThan(50);
});
