import { expect, test } from 'vitest';
import { AdaptiveJitterBuffer } from '../../../src/media/jitter/adaptive-jitter-buffer.js';
import { FrameScratch } from '../../../src/media/jitter/frame-scratch.js';

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

test('memory of many packets is seen in words, that of a single one is not', () => {
  const scratch = new FrameScratch();
  const area = new Uint8Array(65_536).subarray(32_768);
  area[4] = 7;
  expect(scratch.wordsOf(area)?.[1]).toBe(7);
  expect(scratch.wordsOf(new Uint8Array(172))).toBeUndefined();
  expect(scratch.wordsOf(new Uint8Array(65_537).subarray(1))).toBeUndefined();
  expect(scratch.wordsOf(area)).toBe(scratch.wordsOf(area));
});

test('what is played is the same whether packets lie in memory of their own or among many', () => {
  const played = [172, 65_536].map((bytes) => {
    const buffer = new AdaptiveJitterBuffer({ minMs: 20, maxMs: 20, burstMs: 80 });
    const memory = new Uint8Array(bytes);
    const heard: number[] = [];
    for (let index = 0; index < 40; index += 1) {
      // Of 20 ms as a rule, at times of an odd length, and one in nine is lost.
      const length = index % 7 === 3 ? 157 : 160;
      for (let at = 0; at < length; at += 1) memory[12 + at] = (index * 31 + at) % 251;
      if (index % 9 !== 5) buffer.put(1000 + index, index * 160, memory, 12, length, index * 20);
      const frame = buffer.take(index * 20 + 5, true);
      heard.push(...frame.data.map((byte, at) => (frame.known[at] === 1 ? byte : 0)));
    }
    return heard;
  });
  expect(played[1]).toEqual(played[0]);
  expect(new Set(played[0]).size).toBeGreaterThan(100);
});
