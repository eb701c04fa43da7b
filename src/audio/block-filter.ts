import { designHalfFilter, filterReach, phaseTaps } from './resampler-filter.js';

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

/** Coefficients are summed by fours, padded with zeros: loops read this far beyond the block. */
const STRANDS = 4;

/** The coefficients of a phase, and where the sample of the first one lies, from the one at the output's place. */
interface PhasePlan {
  readonly first: number;
  readonly taps: Float64Array;
}

/** In JavaScript, for any ratio of `up / down`, which must be in lowest terms and not 1. */
export function createPlainFilter(up: number, down: number): BlockFilter {
  return new PlainFilter(up, down);
}

class PlainFilter implements BlockFilter {
  readonly maxBlockSamples = Number.POSITIVE_INFINITY;
  readonly #up: number;
  readonly #down: number;
  readonly #reach: number;
  readonly #phases: readonly PhasePlan[];
  /** Input samples before the current block that the filter still reaches. */
  readonly #historySamples: number;
  /** History, then the current block; as long as the longest so far needs. */
  #work: Float64Array;

  constructor(up: number, down: number) {
    this.#up = up;
    this.#down = down;
    this.#reach = filterReach(up, down);
    const half = designHalfFilter(up, down);
    this.#phases = Array.from({ length: up }, (_, phase) => planPhase(half, up, phase));
    this.#historySamples = 2 * this.#reach;
    this.#work = new Float64Array(this.#historySamples + STRANDS);
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
    const needed = history + length + STRANDS;
    if (needed > this.#work.length) this.#grow(needed);
    const work = this.#work;
    for (let i = 0; i < length; i += 1) work[history + i] = input[start + i] as number;
    let at = Math.floor(next / this.#up) + this.#reach;
    let phase = next % this.#up;
    for (let n = written; n < written + count; n += 1) {
      const { first, taps } = this.#phases[phase] as PhasePlan;
      output[n] = toInt16(dotProduct(taps, work, at + first));
      phase += this.#down;
      while (phase >= this.#up) {
        phase -= this.#up;
        at += 1;
      }
    }
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

function planPhase(half: Float64Array, up: number, phase: number): PhasePlan {
  const found = phaseTaps(half, up, phase);
  const first = found[0]?.distance ?? 0;
  const span = (found.at(-1)?.distance ?? 0) + 1 - first;
  const taps = new Float64Array(STRANDS * Math.ceil(span / STRANDS));
  for (const { distance, coefficient } of found) taps[distance - first] = coefficient;
  return { first, taps };
}

function toInt16(value: number): number {
  if (value >= 32_767) return 32_767;
  if (value <= -32_768) return -32_768;
  return Math.floor(value + 0.5);
}

/** In four strands, because each floating-point addition must otherwise await the one before. */
function dotProduct(taps: Float64Array, samples: Float64Array, start: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let k = 0; k < taps.length; k += STRANDS) {
    a += (taps[k] as number) * (samples[start + k] as number);
    b += (taps[k + 1] as number) * (samples[start + k + 1] as number);
    c += (taps[k + 2] as number) * (samples[start + k + 2] as number);
    d += (taps[k + 3] as number) * (samples[start + k + 3] as number);
  }
  return a + b + (c + d);
}
