import type { OpusFormat } from '../engine.js';
import {
  encoderSettings,
  OPUS_SAMPLE_RATE,
  type OpusDecoder,
  type OpusEncoder,
  type OpusEncoding,
  type OpusLibrary,
} from './opus-library.js';
import { opusEmptyPacket, opusLostPacket } from './opus-packet.js';

/** One direction or both of a stream, as the package has it. */
interface Handle {
  encode(pcm: Buffer, samples?: number): Buffer;
  decode(packet: Buffer): Buffer;
  applyEncoderCTL(request: number, value: number): void;
}

/** What is used of `node-opus` 0.3. */
export interface NodeOpus {
  readonly OpusEncoder: new (rate: number, channels: number) => Handle;
}

export function isNodeOpus(library: unknown): library is NodeOpus {
  return typeof library === 'object' && library !== null && 'OpusEncoder' in library;
}

/**
 * `node-opus`: native libopus, built where it is installed. It has no way to its error correction. What it throws in the
 * middle of a call costs that call a packet: the media thread has a hundred others.
 */
export function createNodeOpus({ OpusEncoder }: NodeOpus): OpusLibrary {
  return {
    createDecoder: () => new NativeDecoder(() => new OpusEncoder(OPUS_SAMPLE_RATE, 1)),
    createEncoder: (format, encoding, sampleRate = OPUS_SAMPLE_RATE) =>
      new NativeEncoder(new OpusEncoder(sampleRate, 1), format, encoding, sampleRate),
  };
}

class NativeDecoder implements OpusDecoder {
  readonly #create: () => Handle;
  #handle: Handle;
  /** A packet that says that one was lost: the first byte of the last one, and no frame. */
  readonly #lost = Buffer.alloc(1);
  #lostSamples = 0;

  constructor(create: () => Handle) {
    this.#create = create;
    this.#handle = create();
  }

  decode(packet: Uint8Array, offset: number, length: number, samples: Int16Array): number {
    const count = this.#run(Buffer.from(packet.buffer, packet.byteOffset + offset, length), samples);
    if (count > 0) {
      this.#lost[0] = opusLostPacket(packet[offset] as number);
      this.#lostSamples = count;
    }
    return count;
  }

  recover(): number {
    return 0;
  }

  conceal(_count: number, samples: Int16Array): number {
    return this.#lostSamples === 0 ? 0 : this.#run(this.#lost, samples);
  }

  reset(): void {
    this.#lostSamples = 0;
    try {
      this.#handle = this.#create();
    } catch {
      // The old one goes on: its memory of what was before is better than none.
    }
  }

  close(): void {}

  #run(packet: Buffer, samples: Int16Array): number {
    try {
      const pcm = this.#handle.decode(packet);
      const count = Math.min(pcm.length >> 1, samples.length);
      for (let i = 0; i < count; i += 1) samples[i] = pcm.readInt16LE(2 * i);
      return count;
    } catch {
      return 0;
    }
  }
}

class NativeEncoder implements OpusEncoder {
  readonly #handle: Handle;
  readonly #samplesPerMs: number;

  constructor(handle: Handle, format: OpusFormat, encoding: OpusEncoding, sampleRate: number) {
    this.#handle = handle;
    this.#samplesPerMs = sampleRate / 1000;
    for (const [request, value] of encoderSettings(format, encoding)) handle.applyEncoderCTL(request, value);
  }

  encode(samples: Int16Array, payload: Uint8Array): number {
    const pcm = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    try {
      const packet = this.#handle.encode(pcm, samples.length);
      payload.set(packet);
      if (packet.length > 0) return packet.length;
    } catch {
      // Below.
    }
    payload[0] = opusEmptyPacket(samples.length / this.#samplesPerMs);
    return 1;
  }

  close(): void {}
}
