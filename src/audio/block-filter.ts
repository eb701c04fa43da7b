import { filterReach } from './resampler-filter.js';
import { createKernel, type Kernel } from './resampler-kernels.js';

/** The filter of one resampled stream, with as much of the past as it reaches back to. */
export interface BlockFilter {
  /** Most input samples that it takes at once. */
  readonly maxBlockSamples: number;
  /**
   * Takes the next input samples and computes consecutive outputs. The middle of the filter lags {@link filterReach}
   * behind, so that only known samples are used.
   * @param input of which `length` samples from `start` on are taken
   * @param next place of the first output, in `1 / up` samples from the first of these
   * @param output receives `count` samples from `written` on
   */
  process(
    input: Int16Array,
    start: number,
    length: number,
    next: number,
    output: Int16Array,
    written: number,
    count: number,
  ): void;
  /** Forgets the past. */
  reset(): void;
}

/** Zero coefficients may pad the filter to a multiple of four, so that loops read this far beyond the block. */
const SLACK = 4;

/** In JavaScript, for any ratio of `up / down`, which must be in lowest terms and not 1. */
export function createPlainFilter(up: number, down: number): BlockFilter {
  return new PlainFilter(up, down);
}

class PlainFilter implements BlockFilter {
  readonly maxBlockSamples = Number.POSITIVE_INFINITY;
  readonly #kernel: Kernel;
  /** Input samples before the current block that the filter still reaches. */
  readonly #historySamples: number;
  /** History, then the current block; as long as the longest so far needs. */
  #work: Float64Array;

  constructor(up: number, down: number) {
    this.#historySamples = 2 * filterReach(up, down);
    this.#work = new Float64Array(this.#historySamples + SLACK);
    this.#kernel = createKernel(up, down);
  }

  process(
    input: Int16Array,
    start: number,
    length: number,
    next: number,
    output: Int16Array,
    written: number,
    count: number,
  ): void {
    const history = this.#historySamples;
    const needed = history + length + SLACK;
    if (needed > this.#work.length) this.#grow(needed);
    const work = this.#work;
    for (let i = 0; i < length; i += 1) work[history + i] = input[start + i] as number;
    this.#kernel(work, next, output, written, count);
    work.copyWithin(0, length, length + history);
  }

  reset(): void {
    this.#work.fill(0);
  }

  #grow(length: number): void {
    const work = new Float64Array(length);
    work.set(this.#work.subarray(0, this.#historySamples));
    this.#work = work;
  }
}
