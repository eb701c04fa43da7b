import type { FrameDecoder, FrameEncoder } from '../codecs/frame-codec.js';
import type { OpusFormat } from '../engine.js';
import type { OpusDecoder, OpusEncoder, OpusEncoding, OpusLibrary } from './opus-library.js';
import { OPUS_SAMPLE_RATE } from './opus-library.js';
import { OPUS_TICKS_PER_MS, opusTicks } from './opus-packet.js';

/** Decoders work in steps of 2.5 ms, samples. */
const STEP_SAMPLES = 60;
/** Gaps that error correction and concealment are asked for at once, samples: 120 ms. */
const MAX_CONCEALED = 2880;
/** The longest frame there is, bytes (RFC 6716 section 3.4), with its header. */
export const MAX_PAYLOAD_BYTES = 1276;

/** Opus from RTP: what was lost comes from the packet behind it where that holds a copy, else from the decoder's memory. */
export class OpusFrameDecoder implements FrameDecoder {
  readonly sampleRate = OPUS_SAMPLE_RATE;
  readonly ticksPerMs = OPUS_TICKS_PER_MS;
  readonly conceals = true;
  readonly #decoder: OpusDecoder;

  constructor(library: OpusLibrary) {
    this.#decoder = library.createDecoder();
  }

  ticks(payload: Uint8Array, offset: number, length: number): number {
    return opusTicks(payload, offset, length);
  }

  decode(payload: Uint8Array, offset: number, length: number, samples: Int16Array): number {
    return this.#decoder.decode(payload, offset, length, samples);
  }

  conceal(
    wanted: number,
    gap: number,
    payload: Uint8Array,
    offset: number,
    length: number,
    samples: Int16Array,
  ): number {
    let count = 0;
    if (length > 0 && gap > 0 && gap <= MAX_CONCEALED && gap % STEP_SAMPLES === 0) {
      count = this.#decoder.recover(payload, offset, length, gap, samples);
    }
    if (count === 0) {
      const steps = Math.ceil(Math.min(wanted, MAX_CONCEALED) / STEP_SAMPLES);
      count = this.#decoder.conceal(steps * STEP_SAMPLES, samples);
    }
    if (count > 0) return count;
    samples.fill(0, 0, wanted);
    return wanted;
  }

  reset(): void {
    this.#decoder.reset();
  }

  close(): void {
    this.#decoder.close();
  }
}

/** Opus for RTP. */
export class OpusFrameEncoder implements FrameEncoder {
  readonly maxPayloadBytes = MAX_PAYLOAD_BYTES;
  readonly #encoder: OpusEncoder;

  constructor(library: OpusLibrary, format: OpusFormat, encoding: OpusEncoding) {
    this.#encoder = library.createEncoder(format, encoding);
  }

  encode(samples: Int16Array, payload: Uint8Array): number {
    return this.#encoder.encode(samples, payload);
  }

  close(): void {
    this.#encoder.close();
  }
}
