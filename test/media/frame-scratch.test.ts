import { expect, test } from 'vitest';
import { AdaptiveJitterBuffer } from '../../src/media/adaptive-jitter-buffer.js';
import { FrameScratch } from '../../src/media/frame-scratch.js';

test('two streams that share the place of a frame get their own audio, and lost samples are marked as such', () => {
  const scratch = new FrameScratch();
  const options = { minMs: 40, maxMs: 40, burstMs: 80 };
  const buffers = [new AdaptiveJitterBuffer(options, scratch), new AdaptiveJitterBuffer(options, scratch)] as const;
  const LOST = 20;
  let heard = 0;
  let lost = 0;
  for (let index = 0; index < 50; index += 1) {
    buffers.forEach((buffer, which) => {
      const code = 1 + which;
      if (index !== LOST || which === 1) {
        buffer.put(1000 + index, index * 160, new Uint8Array(160).fill(code), 0, 160, index * 20);
      }
      const frame = buffer.take(index * 20 + 5, true);
      const own = frame.data.filter((_, at) => frame.known[at] === 1);
      expect(own.every((byte) => byte === code)).toBe(true);
      heard += own.length;
      if (frame.playing) lost += frame.data.length - own.length;
    });
  }
  expect(scratch.draft(160, 160).frame).toBe(buffers[0].take(1_000, true));
  expect(lost).toBe(160);
  expect(heard).toBeGreaterThan(90 * 160);
});
