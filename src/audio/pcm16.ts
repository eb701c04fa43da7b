import { Buffer } from 'node:buffer';
import type { Pcm16View } from './views.js';

/** Whether this machine keeps samples as they are on the wire: least significant byte first. All that Node runs on today but s390x do. */
export const LITTLE_ENDIAN = new Uint8Array(Int16Array.of(1).buffer)[0] === 1;

/** Copies little-endian bytes of any alignment, two for each of the view's samples. */
export function fromWire(input: Uint8Array, view: Pcm16View, littleEndian = LITTLE_ENDIAN): void {
  view.bytes.set(input);
  if (!littleEndian) swap(view.bytes);
}

/** The view's samples as little-endian bytes: on other machines they are no samples any more. */
export function toWire({ bytes }: Pcm16View, littleEndian = LITTLE_ENDIAN): Uint8Array {
  if (!littleEndian) swap(bytes);
  return bytes;
}

function swap({ buffer, byteOffset, length }: Uint8Array): void {
  Buffer.from(buffer, byteOffset, length).swap16();
}

/**
 * Reads little-endian 16-bit samples out of bytes of any alignment.
 * @param output receives `input.length / 2` samples; a byte left over is ignored
 */
export function readPcm16(input: Uint8Array, output: Int16Array): void {
  const count = input.length >> 1;
  for (let i = 0; i < count; i += 1) output[i] = (input[2 * i] as number) | ((input[2 * i + 1] as number) << 8);
}

/** Writes samples as little-endian bytes; `output` must hold two for each. */
export function writePcm16(input: Int16Array, output: Uint8Array): void {
  for (let i = 0; i < input.length; i += 1) {
    const sample = input[i] as number;
    output[2 * i] = sample;
    output[2 * i + 1] = sample >> 8;
  }
}
