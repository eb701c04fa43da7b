import { expect, test } from 'vitest';
import { fromWire, toWire } from '../../src/audio/pcm16.js';
import { Pcm16Views } from '../../src/audio/views.js';

const bytes = Uint8Array.of(0x34, 0x12, 0xfe, 0xff, 0x00, 0x80);

test('bytes at an odd offset become samples, and samples the same bytes', () => {
  const odd = new Uint8Array(7).subarray(1);
  odd.set(bytes);
  const view = new Pcm16Views().take(3);
  fromWire(odd, view);
  expect([...view.samples]).toEqual([0x1234, -2, -32_768]);
  expect(toWire(view)).toEqual(bytes);
});

test('where numbers are kept the other way round, the bytes of each sample are turned on either way', () => {
  const view = new Pcm16Views().take(3);
  fromWire(bytes, view, false);
  expect([...view.bytes]).toEqual([0x12, 0x34, 0xff, 0xfe, 0x80, 0x00]);
  expect(toWire(view, false)).toEqual(bytes);
});
