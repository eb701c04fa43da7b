import type { AudioFormat } from '../flavor-api/index.js';
import { LOBES } from './resampler-filter.js';
import { createKernel, type Kernel } from './resampler-kernels.js';
import { Int16Views } from './views.js';

/** A sampling rate that audio formats know, Hz. */
export type SampleRate = AudioFormat['sampleRate'];

export interface ResamplerOptions {
  /** Input samples worked on at once. Longer inputs are taken in several steps; the result is the same. */
  readonly blockSamples: number;
}

export const resamplerDefaults = {
  blockSamples: 960,
} as const satisfies ResamplerOptions;

/**
 * A stream of 16-bit PCM on its way from one rate to another. State is kept between calls: however a signal is cut
 * into chunks, the concatenated output is the same, bit for bit. N input samples in total have produced
 * ceil(N * toHz / fromHz) output samples.
 */
export interface Resampler {
  /** How far the output lags behind the input, in output samples: the filter's group delay (20 samples of the lower rate). */
  readonly delaySamples: number;
  /**
   * Converts the next chunk, of any length. The result is borrowed: valid until the next call. Between equal rates the
   * input itself is returned.
   */
  process(input: Int16Array): Int16Array;
  /** Forgets the past, as if newly created. */
  reset(): void;
}

/**
 * Makes a band-limited polyphase resampler between two of 8, 16, 24 and 48 kHz. Of a rate R, the lower of
 * the two, signals up to 0.425 R pass within 0.1 dB; signals from 0.575 R on, and images, are 80 dB down.
 */
export function createResampler(
  fromHz: SampleRate,
  toHz: SampleRate,
  options: Partial<ResamplerOptions> = {},
): Resampler {
  if (fromHz === toHz) return { delaySamples: 0, process: (input) => input, reset: () => {} };
  return new PolyphaseResampler(fromHz, toHz, { ...resamplerDefaults, ...options });
}

class PolyphaseResampler implements Resampler {
  readonly delaySamples: number;
  readonly #up: number;
  readonly #down: number;
  readonly #blockSamples: number;
  readonly #kernel: Kernel;
  /** Input samples before the current block that the filter still reaches. */
  readonly #historySamples: number;
  /** History, then the current block. */
  readonly #work: Float64Array;
  /** Place of the next output from the start of the next block, in `1 / up` input samples. */
  #next = 0;
  readonly #output = new Int16Views();

  constructor(fromHz: number, toHz: number, options: ResamplerOptions) {
    const divisor = greatestCommonDivisor(fromHz, toHz);
    this.#up = toHz / divisor;
    this.#down = fromHz / divisor;
    this.#blockSamples = options.blockSamples;
    const spacing = Math.max(this.#up, this.#down);
    const reach = (LOBES * spacing) / this.#up;
    this.#historySamples = 2 * reach;
    this.#work = new Float64Array(this.#historySamples + this.#blockSamples);
    this.#kernel = createKernel(this.#up, this.#down);
    this.delaySamples = (LOBES * spacing) / this.#down;
  }

  process(input: Int16Array): Int16Array {
    const total = Math.max(0, Math.ceil((input.length * this.#up - this.#next) / this.#down));
    const output = this.#output.take(total);
    const work = this.#work;
    const history = this.#historySamples;
    let written = 0;
    for (let start = 0; start < input.length; start += this.#blockSamples) {
      const length = Math.min(this.#blockSamples, input.length - start);
      for (let i = 0; i < length; i += 1) work[history + i] = input[start + i] as number;
      const count = Math.max(0, Math.ceil((length * this.#up - this.#next) / this.#down));
      this.#kernel(work, this.#next, output, written, count);
      written += count;
      this.#next += count * this.#down - length * this.#up;
      work.copyWithin(0, length, length + history);
    }
    return output;
  }

  reset(): void {
    this.#work.fill(0);
    this.#next = 0;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
