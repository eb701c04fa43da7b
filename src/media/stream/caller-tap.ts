import { createResampler, type Resampler } from '../../audio/resampler.js';
import { Int16Views, Uint8Views } from '../../audio/views.js';
import { type FrameDecoder, MAX_PACKET_MS } from '../codecs/frame-codec.js';
import { type PhoneCoding, phoneCodings } from '../codecs/phone-codec.js';
import type { PhoneCodec, StreamTap } from '../engine.js';
import type { StreamCodecs } from './stream-codecs.js';

const TAP_HZ = 8000;

/** Lets a tap hear the caller's packets as they arrive. A codec with a memory is decoded once more for it, apart from what is played. */
export class CallerTap {
  readonly #tap: StreamTap;
  readonly #codecs: StreamCodecs;
  readonly #codes = new Uint8Views();
  readonly #views = new Int16Views();
  #coding: PhoneCoding = phoneCodings.pcmu;
  #decoder: FrameDecoder | undefined;
  #samples = new Int16Array(0);
  #resampler: Resampler = createResampler(TAP_HZ, TAP_HZ);
  /** The RTP timestamp, and the same by a clock of 8000 Hz, unwrapped. */
  #timestamp = 0;
  #position = 0;

  constructor(tap: StreamTap, codecs: StreamCodecs) {
    this.#tap = tap;
    this.#codecs = codecs;
  }

  setCodec(codec: PhoneCodec): void {
    this.close();
    this.#coding = phoneCodings[codec.name];
    const { sampleRate } = this.#coding.format;
    this.#decoder = this.#codecs.createDecoder(codec);
    this.#samples = new Int16Array(this.#decoder === undefined ? 0 : (MAX_PACKET_MS * sampleRate) / 1000);
    this.#resampler = createResampler(sampleRate, TAP_HZ);
  }

  hear(bytes: Uint8Array, offset: number, length: number, timestamp: number, atMs: number): void {
    if (this.#tap.active === false) return;
    // Packets out of order step back: the difference of two neighbours does not wrap (RFC 3550 section 5.1).
    this.#position += (((timestamp - this.#timestamp) | 0) * 8) / this.#coding.ticksPerMs;
    this.#timestamp = timestamp | 0;
    const samples =
      this.#decoder === undefined ? this.#expand(bytes, offset, length) : this.#decode(bytes, offset, length);
    this.#tap.caller(samples, atMs, Math.round(this.#position) >>> 0);
  }

  close(): void {
    this.#decoder?.close();
    this.#decoder = undefined;
  }

  #expand(bytes: Uint8Array, offset: number, length: number): Int16Array {
    const codes = this.#codes.take(length);
    for (let i = 0; i < length; i += 1) codes[i] = bytes[offset + i] as number;
    const samples = this.#views.take(length);
    this.#coding.decode(codes, samples);
    return samples;
  }

  #decode(bytes: Uint8Array, offset: number, length: number): Int16Array {
    const count = this.#decoder?.decode(bytes, offset, length, this.#samples) ?? 0;
    const samples = this.#views.take(count);
    for (let i = 0; i < count; i += 1) samples[i] = this.#samples[i] as number;
    return this.#resampler.process(samples);
  }
}
