import { type BlockFilter, createPlainFilter } from './block-filter.js';
import { filterReach } from './resampler-filter.js';
import { SimdFilters } from './simd-filter.js';
import { Int16Views } from './views.js';

/** How a resampler works. */
export interface ResamplerOptions {
  /** Input samples worked on at once. Longer inputs are taken in several steps; the result is the same. */
  readonly blockSamples: number;
  /** `plain`: JavaScript, as where WebAssembly is refused. */
  readonly arithmetic: 'simd' | 'plain';
}

export const resamplerDefaults = {
  blockSamples: 960,
  arithmetic: 'simd',
} as const satisfies ResamplerOptions;

/**
 * A stream of 16-bit PCM on its way from one rate to another. State is kept between calls: however a signal is cut
 * into chunks, the concatenated output is the same, bit for bit. N input samples in total have produced
 * ceil(N * toHz / fromHz) output samples.
 */
export interface Resampler {
  /**
   * How far the output lags behind the input, in output samples: 20 samples of the lower rate. A whole number between
   * 8, 16, 24 and 48 kHz.
   */
  readonly delaySamples: number;
  /**
   * Converts the next chunk, of any length. The result is borrowed: valid until the next call. Between equal rates the
   * input itself is returned.
   */
  process(input: Int16Array): Int16Array;
  /** How many samples the next `inputSamples` will give. */
  outputSamples(inputSamples: number): number;
  /** Converts the next chunk into `output`, which has room for {@link outputSamples} and no more. */
  fill(input: Int16Array, output: Int16Array): void;
  /** Forgets the past, as if newly created. */
  reset(): void;
}

/** The ratio of two rates, in lowest terms, has no larger number: 44.1 kHz files are fine, 44,101 Hz is nonsense. */
const MAX_RATIO_TERM = 2000;

/**
 * Makes a band-limited polyphase resampler. Of a rate R, the lower of the two, signals up to 0.425 R pass within 0.1 dB;
 * signals from 0.575 R on, and images, are 80 dB down. Ratios as between 8, 16, 24 and 48 kHz are the fast ones; others
 * serve files.
 * @throws RangeError for rates that are no whole numbers, or whose ratio is too odd to be meant
 */
export function createResampler(fromHz: number, toHz: number, options: Partial<ResamplerOptions> = {}): Resampler {
  const divisor = commonDivisor(fromHz, toHz);
  if (divisor === undefined) throw new RangeError(`cannot resample from ${fromHz} to ${toHz} Hz`);
  if (fromHz === toHz) return equalRates;
  return new PolyphaseResampler(toHz / divisor, fromHz / divisor, { ...resamplerDefaults, ...options });
}

const equalRates: Resampler = {
  delaySamples: 0,
  process: (input) => input,
  outputSamples: (inputSamples) => inputSamples,
  fill: (input, output) => output.set(input),
  reset: () => {},
};

class PolyphaseResampler implements Resampler {
  readonly delaySamples: number;
  readonly #up: number;
  readonly #down: number;
  readonly #filter: BlockFilter;
  readonly #blockSamples: number;
  /** Place of the next output from the start of the next block, in `1 / up` input samples. */
  #next = 0;
  readonly #output = new Int16Views();

  constructor(up: number, down: number, { blockSamples, arithmetic }: ResamplerOptions) {
    this.#up = up;
    this.#down = down;
    const simd = arithmetic === 'simd' ? simdFilters()?.create(up, down) : undefined;
    this.#filter = simd ?? createPlainFilter(up, down);
    this.#blockSamples = Math.min(blockSamples, this.#filter.maxBlockSamples);
    this.delaySamples = (filterReach(up, down) * up) / down;
  }

  process(input: Int16Array): Int16Array {
    const output = this.#output.take(this.outputSamples(input.length));
    this.fill(input, output);
    return output;
  }

  fill(input: Int16Array, output: Int16Array): void {
    let written = 0;
    for (let start = 0; start < input.length; start += this.#blockSamples) {
      const length = Math.min(this.#blockSamples, input.length - start);
      const count = this.outputSamples(length);
      this.#filter.process(input, start, length, this.#next, output, written, count);
      written += count;
      this.#next += count * this.#down - length * this.#up;
    }
  }

  outputSamples(inputSamples: number): number {
    return Math.max(0, Math.ceil((inputSamples * this.#up - this.#next) / this.#down));
  }

  reset(): void {
    this.#filter.reset();
    this.#next = 0;
  }
}

/** Made when first needed, one for a thread: it holds nothing of any stream. `null`: refused. */
let sharedFilters: SimdFilters | null | undefined;

function simdFilters(): SimdFilters | undefined {
  if (sharedFilters === undefined) {
    try {
      sharedFilters = new SimdFilters();
    } catch {
      // An old processor, `--jitless`, a limit of address space: JavaScript does the same.
      sharedFilters = null;
    }
  }
  return sharedFilters ?? undefined;
}

/** The greatest common divisor of two sensible rates. */
function commonDivisor(fromHz: number, toHz: number): number | undefined {
  if (!Number.isSafeInteger(fromHz) || !Number.isSafeInteger(toHz) || fromHz < 1 || toHz < 1) return undefined;
  let divisor = fromHz;
  for (let rest = toHz; rest !== 0; ) [divisor, rest] = [rest, divisor % rest];
  return Math.max(fromHz, toHz) / divisor <= MAX_RATIO_TERM ? divisor : undefined;
}
