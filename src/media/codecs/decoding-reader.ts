import { type FrameDecoder, MAX_PACKET_MS } from './frame-codec.js';
import type { PacketReader } from './packet-reader.js';

const FRAME_MS = 20;

/** Reads packets through a decoder: each is decoded once, when its turn comes. Gives `pcm16`. */
export class DecodingReader implements PacketReader {
  readonly ticksPerMs: number;
  readonly frameSamples: number;
  readonly frameBytes: number;
  readonly verbatim = false;
  readonly conceals: boolean;
  readonly #decoder: FrameDecoder;
  /** The packet being read. */
  readonly #samples: Int16Array;
  #count = 0;
  #sequence = -1;
  /** What was made up, and is not used yet. */
  readonly #concealed: Int16Array;
  #concealedFrom = 0;
  #concealedEnd = 0;

  constructor(decoder: FrameDecoder) {
    this.#decoder = decoder;
    this.ticksPerMs = decoder.ticksPerMs;
    this.conceals = decoder.conceals;
    const samplesPerMs = decoder.sampleRate / 1000;
    this.frameSamples = FRAME_MS * samplesPerMs;
    this.frameBytes = 2 * this.frameSamples;
    this.#samples = new Int16Array(MAX_PACKET_MS * samplesPerMs);
    this.#concealed = new Int16Array(decoder.conceals ? MAX_PACKET_MS * samplesPerMs : 0);
  }

  ticks(payload: Uint8Array, offset: number, length: number): number {
    return this.#decoder.ticks(payload, offset, length);
  }

  read(
    sequence: number,
    payload: Uint8Array,
    offset: number,
    length: number,
    passed: number,
    frame: Uint8Array,
    filled: number,
    count: number,
  ): void {
    if (sequence !== this.#sequence) {
      this.#sequence = sequence;
      this.#count = this.#decoder.decode(payload, offset, length, this.#samples);
      this.#concealedEnd = 0;
      this.#concealedFrom = 0;
    }
    const from = this.#sampleAt(passed);
    const at = this.#sampleAt(filled);
    const wanted = this.#sampleAt(filled + count) - at;
    for (let i = 0; i < wanted; i += 1) {
      const sample = from + i < this.#count ? (this.#samples[from + i] as number) : 0;
      write(frame, at + i, sample);
    }
  }

  conceal(
    frame: Uint8Array,
    filled: number,
    count: number,
    gap: number,
    next: Uint8Array,
    offset: number,
    length: number,
  ): void {
    const end = this.#sampleAt(filled + count);
    for (let at = this.#sampleAt(filled); at < end; at += 1) {
      if (this.#concealedFrom >= this.#concealedEnd) {
        const missing = this.#sampleAt(gap);
        this.#concealedFrom = 0;
        this.#concealedEnd = this.#decoder.conceal(end - at, missing, next, offset, length, this.#concealed);
      }
      write(frame, at, this.#concealed[this.#concealedFrom] as number);
      this.#concealedFrom += 1;
    }
  }

  reset(): void {
    this.#decoder.reset();
    this.#sequence = -1;
    this.#concealedEnd = 0;
    this.#concealedFrom = 0;
  }

  close(): void {
    this.#decoder.close();
  }

  #sampleAt(ticks: number): number {
    return Math.floor((ticks * this.frameSamples) / (FRAME_MS * this.ticksPerMs));
  }
}

function write(frame: Uint8Array, at: number, sample: number): void {
  frame[2 * at] = sample;
  frame[2 * at + 1] = sample >> 8;
}
