import { MAX_PACKET_MS } from './frame-codec.js';
import type { PacketReader } from './packet-reader.js';

const SAMPLES_PER_MS = 8;
const MAX_SAMPLES = MAX_PACKET_MS * SAMPLES_PER_MS;

/** G.711: one byte is one sample is one tick, and stays as it is. */
class CodeReader implements PacketReader {
  readonly ticksPerMs = SAMPLES_PER_MS;
  readonly frameSamples = 160;
  readonly frameBytes = 160;
  readonly conceals = false;
  readonly verbatim = true;

  ticks(_payload: Uint8Array, _offset: number, length: number): number {
    return length <= MAX_SAMPLES ? length : 0;
  }

  read(
    _sequence: number,
    payload: Uint8Array,
    offset: number,
    _length: number,
    passed: number,
    frame: Uint8Array,
    filled: number,
    count: number,
  ): void {
    const from = offset + passed;
    for (let i = 0; i < count; i += 1) frame[filled + i] = payload[from + i] as number;
  }

  conceal(): void {}

  reset(): void {}

  close(): void {}
}

/** It has no state: one does for all streams. */
export const codeReader: PacketReader = new CodeReader();
