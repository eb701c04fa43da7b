import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../audio/g711.js';
import { createResampler, type Resampler } from '../audio/resampler.js';
import { Int16Views, Uint8Views } from '../audio/views.js';
import { type AudioFormat, bytesPerSample } from '../flavor-api/index.js';

/** A stream of audio bytes on its way from one format to another. */
export interface AudioConverter {
  /**
   * Converts the next chunk, of any length and alignment. An odd byte at the end of a `pcm16` chunk waits for the next
   * one. The result holds whole samples and is borrowed: valid until the next call. Between equal formats it is the
   * input itself wherever that holds whole samples.
   */
  convert(input: Uint8Array): Uint8Array;
  /** Forgets the past (resampler state and a waiting byte), as if newly created. */
  reset(): void;
}

/** Makes a converter between any two formats of the contract. Stateful: one per stream and direction. */
export function createAudioConverter(from: AudioFormat, to: AudioFormat): AudioConverter {
  const same = from.encoding === to.encoding && from.sampleRate === to.sampleRate;
  if (same) return from.encoding === 'pcm16' ? new SampleAligner() : passThrough;
  return new TranscodingConverter(from, to);
}

/** It has no state: one does for all. */
const passThrough: AudioConverter = { convert: (input) => input, reset: () => {} };

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

  reset(): void {
    this.#carry = -1;
  }
}

class TranscodingConverter implements AudioConverter {
  readonly #from: AudioFormat['encoding'];
  readonly #to: AudioFormat['encoding'];
  readonly #aligner = new SampleAligner();
  readonly #resampler: Resampler;
  readonly #linear = new Int16Views();
  readonly #coded = new Uint8Views();

  constructor(from: AudioFormat, to: AudioFormat) {
    this.#from = from.encoding;
    this.#to = to.encoding;
    this.#resampler = createResampler(from.sampleRate, to.sampleRate);
  }

  convert(input: Uint8Array): Uint8Array {
    return this.#encode(this.#resampler.process(this.#decode(input)));
  }

  reset(): void {
    this.#aligner.reset();
    this.#resampler.reset();
  }

  #decode(input: Uint8Array): Int16Array {
    if (this.#from === 'pcm16') {
      const bytes = this.#aligner.convert(input);
      const samples = this.#linear.take(bytes.length / 2);
      for (let i = 0; i < samples.length; i += 1) {
        samples[i] = (bytes[2 * i] as number) | ((bytes[2 * i + 1] as number) << 8);
      }
      return samples;
    }
    const samples = this.#linear.take(input.length);
    if (this.#from === 'mulaw') decodeMulaw(input, samples);
    else decodeAlaw(input, samples);
    return samples;
  }

  #encode(samples: Int16Array): Uint8Array {
    const bytes = this.#coded.take(samples.length * bytesPerSample(this.#to));
    if (this.#to === 'mulaw') {
      encodeMulaw(samples, bytes);
    } else if (this.#to === 'alaw') {
      encodeAlaw(samples, bytes);
    } else {
      for (let i = 0; i < samples.length; i += 1) {
        const sample = samples[i] as number;
        bytes[2 * i] = sample;
        bytes[2 * i + 1] = sample >> 8;
      }
    }
    return bytes;
  }
}
