import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../audio/g711.js';
import { fromWire, toWire } from '../../audio/pcm16.js';
import { createResampler, type Resampler } from '../../audio/resampler.js';
import { type Pcm16View, Pcm16Views, Uint8Views } from '../../audio/views.js';
import type { AudioFormat } from '../../flavor-api/index.js';

/** A stream of audio bytes on its way from one format to another. */
export interface AudioConverter {
  /**
   * Converts the next chunk, of any length and alignment. An odd byte at the end of a `pcm16` chunk waits for the next
   * one. The result holds whole samples and is borrowed: valid until the next call. Between equal formats it is the
   * input itself wherever that holds whole samples.
   */
  convert(input: Uint8Array): Uint8Array;
}

/** Makes a converter between any two formats of the contract. Stateful: one per stream and direction. */
export function createAudioConverter(from: AudioFormat, to: AudioFormat): AudioConverter {
  const same = from.encoding === to.encoding && from.sampleRate === to.sampleRate;
  if (same) return from.encoding === 'pcm16' ? new SampleAligner() : passThrough;
  return new TranscodingConverter(from, to);
}

/** It has no state: one does for all. */
const passThrough: AudioConverter = { convert: (input) => input };

/** Turns chunks of `pcm16` bytes into chunks of whole samples. */
class SampleAligner implements AudioConverter {
  /** The first byte of a sample whose second is still to come; -1 when there is none. */
  #carry = -1;
  readonly #aligned = new Uint8Views();

  convert(input: Uint8Array): Uint8Array {
    if (this.#carry < 0 && input.length % 2 === 0) return input;
    const carried = this.#carry < 0 ? 0 : 1;
    const total = input.length + carried;
    const whole = total - (total % 2);
    const aligned = this.#aligned.take(whole);
    if (whole > 0 && carried === 1) aligned[0] = this.#carry;
    for (let i = carried; i < whole; i += 1) aligned[i] = input[i - carried] as number;
    if (total % 2 === 1) {
      if (input.length > 0) this.#carry = input[input.length - 1] as number;
    } else {
      this.#carry = -1;
    }
    return aligned;
  }
}

/**
 * What every converter of a thread works in, and none lends out: hot in the cache for the next one, and no memory of a
 * call's own.
 */
const scratch = { linear: new Pcm16Views(), resampled: new Pcm16Views() } as const;

class TranscodingConverter implements AudioConverter {
  readonly #from: AudioFormat['encoding'];
  readonly #to: AudioFormat['encoding'];
  readonly #aligner = new SampleAligner();
  /** `undefined`: the rates are equal. */
  readonly #resampler: Resampler | undefined;
  /** What is lent out: of one of the two. */
  readonly #linear: Pcm16Views;
  readonly #coded = new Uint8Views();

  constructor(from: AudioFormat, to: AudioFormat) {
    this.#from = from.encoding;
    this.#to = to.encoding;
    this.#resampler = from.sampleRate === to.sampleRate ? undefined : createResampler(from.sampleRate, to.sampleRate);
    this.#linear = to.encoding === 'pcm16' ? new Pcm16Views() : scratch.resampled;
  }

  convert(input: Uint8Array): Uint8Array {
    const resampler = this.#resampler;
    if (resampler === undefined) return this.#encode(this.#decode(input, this.#linear));
    const { samples } = this.#decode(input, scratch.linear);
    const resampled = this.#linear.take(resampler.outputSamples(samples.length));
    resampler.fill(samples, resampled.samples);
    return this.#encode(resampled);
  }

  #decode(input: Uint8Array, views: Pcm16Views): Pcm16View {
    if (this.#from === 'pcm16') {
      const bytes = this.#aligner.convert(input);
      const linear = views.take(bytes.length / 2);
      fromWire(bytes, linear);
      return linear;
    }
    const linear = views.take(input.length);
    if (this.#from === 'mulaw') decodeMulaw(input, linear.samples);
    else decodeAlaw(input, linear.samples);
    return linear;
  }

  #encode(linear: Pcm16View): Uint8Array {
    if (this.#to === 'pcm16') return toWire(linear);
    const codes = this.#coded.take(linear.samples.length);
    if (this.#to === 'mulaw') encodeMulaw(linear.samples, codes);
    else encodeAlaw(linear.samples, codes);
    return codes;
  }
}
