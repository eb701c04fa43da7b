import { decodeAlaw, decodeMulaw } from '../../../audio/g711.js';

/** How one sample is written. Numbers of more than one byte are little-endian. */
export type SampleEncoding = 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64' | 'mulaw' | 'alaw';

export interface SampleFormat {
  readonly encoding: SampleEncoding;
  readonly channels: number;
  /** Hz. */
  readonly sampleRate: number;
}

/** More channels than any voice has: what says so is no sound. */
export const MAX_CHANNELS = 8;

const sampleBytes: Readonly<Record<SampleEncoding, number>> = {
  u8: 1,
  s16: 2,
  s24: 3,
  s32: 4,
  f32: 4,
  f64: 8,
  mulaw: 1,
  alaw: 1,
};

/** Bytes of one sample of each channel. */
export function frameBytes({ encoding, channels }: SampleFormat): number {
  return sampleBytes[encoding] * channels;
}

/**
 * Samples out of bytes that end where the network likes: what is left of a frame waits for the rest of it. Channels are
 * averaged, numbers beyond full scale clipped, and what is no number is silence.
 */
export class SampleReader {
  readonly #format: SampleFormat;
  readonly #frameBytes: number;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(format: SampleFormat) {
    this.#format = format;
    this.#frameBytes = frameBytes(format);
  }

  /** Bytes of a frame that has not come whole. */
  get restBytes(): number {
    return this.#rest.length;
  }

  /** Mono samples, the receiver's own; none where no frame became whole. */
  push(bytes: Uint8Array): Int16Array {
    const joined = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const whole = joined.length - (joined.length % this.#frameBytes);
    // A copy: the network's memory is not kept for the sake of a few bytes.
    this.#rest = new Uint8Array(joined.subarray(whole));
    const linear = decode(joined.subarray(0, whole), this.#format.encoding);
    return mixed(linear, this.#format.channels);
  }
}

function decode(bytes: Uint8Array, encoding: SampleEncoding): Int16Array {
  const size = sampleBytes[encoding];
  const samples = new Int16Array(bytes.length / size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (encoding) {
    case 'mulaw':
      decodeMulaw(bytes, samples);
      return samples;
    case 'alaw':
      decodeAlaw(bytes, samples);
      return samples;
    case 'u8':
      for (let i = 0; i < samples.length; i += 1) samples[i] = (view.getUint8(i) - 128) << 8;
      return samples;
    case 's16':
      for (let i = 0; i < samples.length; i += 1) samples[i] = view.getInt16(2 * i, true);
      return samples;
    case 's24':
      for (let i = 0; i < samples.length; i += 1) samples[i] = view.getInt16(3 * i + 1, true);
      return samples;
    case 's32':
      for (let i = 0; i < samples.length; i += 1) samples[i] = view.getInt16(4 * i + 2, true);
      return samples;
    case 'f32':
      for (let i = 0; i < samples.length; i += 1) samples[i] = fromFloat(view.getFloat32(4 * i, true));
      return samples;
    case 'f64':
      for (let i = 0; i < samples.length; i += 1) samples[i] = fromFloat(view.getFloat64(8 * i, true));
      return samples;
  }
}

/** Full scale is 1; NaN becomes 0 by the conversion to an integer. */
function fromFloat(value: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(value * 32_768)));
}

function mixed(samples: Int16Array, channels: number): Int16Array {
  if (channels === 1) return samples;
  const mono = new Int16Array(samples.length / channels);
  for (let i = 0; i < mono.length; i += 1) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1) sum += samples[i * channels + channel] as number;
    mono[i] = Math.round(sum / channels);
  }
  return mono;
}
