import { expect, test } from 'vitest';
import { WholeFrames } from '../../../../flavors/openai-realtime/connection/whole-frames.js';

/** A frame as a server sends it (RFC 6455 section 5.2). */
function frame(first: number, bytes: number): Buffer {
  const header =
    bytes < 126
      ? [first, bytes]
      : bytes < 65_536
        ? [first, 126, bytes >> 8, bytes & 0xff]
        : [first, 127, 0, 0, 0, 0, 0, bytes >> 16, (bytes >> 8) & 0xff, bytes & 0xff];
  // Contents that would be headers, were they read as such.
  return Buffer.concat([Buffer.from(header), Buffer.alloc(bytes, 0x81)]);
}

const text = 0x81;

test('whole messages in one piece are known, whatever their length', () => {
  const frames = new WholeFrames();
  for (const bytes of [0, 1, 125, 126, 900, 65_535, 65_536, 70_000]) {
    expect(frames.follow(frame(text, bytes)), String(bytes)).toBe(true);
  }
  expect(frames.follow(Buffer.concat([frame(text, 900), frame(text, 0), frame(text, 126)]))).toBe(true);
});

test('wherever two messages are cut, both pieces are known to be parts, and the next message is whole again', () => {
  for (const bytes of [0, 5, 126, 300]) {
    const both = Buffer.concat([frame(text, 200), frame(text, bytes)]);
    const between = frame(text, 200).length;
    for (let at = 1; at < both.length; at += 1) {
      const frames = new WholeFrames();
      const pieces = [frames.follow(both.subarray(0, at)), frames.follow(both.subarray(at))];
      expect(pieces, `${bytes} bytes, cut at ${at}`).toEqual(at === between ? [true, true] : [false, false]);
      expect(frames.follow(frame(text, 900))).toBe(true);
    }
  }
});

test('a message that comes byte by byte is never whole, the one after it is', () => {
  const frames = new WholeFrames();
  expect([...frame(text, 65_536)].some((byte) => frames.follow(Buffer.of(byte)))).toBe(false);
  expect(frames.follow(frame(text, 1))).toBe(true);
});

test.each([
  ['a part of a message', 0x01],
  ['the rest of one', 0x80],
  ['a binary one', 0x82],
  ['a close', 0x88],
  ['a ping', 0x89],
  ['a compressed one', 0xc1],
])('%s is not', (_name, first) => {
  const frames = new WholeFrames();
  expect(frames.follow(frame(first, 20))).toBe(false);
  expect(frames.follow(Buffer.concat([frame(text, 900), frame(first, 20)]))).toBe(false);
  expect(frames.follow(frame(text, 900))).toBe(true);
});

test('a mask that no server may use is not taken for contents', () => {
  const frames = new WholeFrames();
  const masked = Buffer.concat([Buffer.of(text, 0x80 | 3, 1, 2, 3, 4), Buffer.from('abc')]);
  for (let at = 1; at < masked.length; at += 1) {
    frames.follow(masked.subarray(0, at));
    frames.follow(masked.subarray(at));
    expect(frames.follow(frame(text, 900)), `cut at ${at}`).toBe(true);
  }
});

test('a length beyond everything ends in no loop', () => {
  const frames = new WholeFrames();
  expect(frames.follow(Buffer.concat([Buffer.of(text, 127), Buffer.alloc(8, 0xff), Buffer.alloc(100)]))).toBe(false);
  expect(frames.follow(frame(text, 1))).toBe(false);
});
