import type { CallerFrame } from '../engine.js';
import { RtpPacket } from '../rtp/rtp-packet.js';
import type { JitterFrame } from './jitter-buffer.js';

/** Smaller memory is a single packet's. */
const MANY_PACKETS_BYTES = 16_384;

/** A frame of one size that is being put together. */
export interface FrameDraft {
  readonly frame: JitterFrame;
  /** All of {@link JitterFrame.known} is 1, as of most frames. */
  allKnown: boolean;
}

/**
 * Where packets are read and frames put together, one at a time. Streams of one thread share it: what they need then lies in
 * the caches, whoever had it before. Only those whose frames are copied at once by whoever hears them: they are nobody's own.
 */
export class FrameScratch {
  /** The header of the packet that is looked at. */
  readonly packet = new RtpPacket();
  /** What a listener is given. */
  readonly heard: CallerFrame = {
    data: new Uint8Array(0),
    positionMs: 0,
    concealed: true,
    voiced: false,
    stirring: false,
    receivedAtMs: 0,
  };
  readonly #bySize = new Map<number, FrameDraft>();
  readonly #wordsOf = new WeakMap<Uint8Array, Int32Array>();
  /** Asked for last. */
  #bytes: Uint8Array | undefined;
  #words: Int32Array | undefined;

  /** Memory in which many packets lie, in words; `undefined` where it is too small for that: a packet's own. */
  wordsOf(bytes: Uint8Array): Int32Array | undefined {
    if (bytes === this.#bytes) return this.#words;
    const { length, byteOffset, buffer } = bytes;
    if (length < MANY_PACKETS_BYTES || ((length | byteOffset) & 3) !== 0) return undefined;
    const words = this.#wordsOf.get(bytes) ?? new Int32Array(buffer, byteOffset, length / 4);
    this.#wordsOf.set(bytes, words);
    this.#bytes = bytes;
    this.#words = words;
    return words;
  }

  /** @param frameBytes which no other number of samples has */
  draft(frameBytes: number, frameSamples: number): FrameDraft {
    const known = this.#bySize.get(frameBytes);
    if (known !== undefined) return known;
    const words = new Int32Array(frameBytes / 4);
    const frame: JitterFrame = {
      data: new Uint8Array(words.buffer),
      words,
      known: new Uint8Array(frameSamples),
      missingMs: 0,
      playing: false,
      receivedAtMs: Number.NaN,
      before: undefined,
    };
    const made: FrameDraft = { frame, allKnown: false };
    this.#bySize.set(frameBytes, made);
    return made;
  }
}
