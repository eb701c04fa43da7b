import { designHalfFilter, filterReach, LOBES } from './resampler-filter.js';

/**
 * Computes consecutive outputs.
 *
 * `work` holds, before the block, as many samples of history as the filter is long. `next` is the place of the first
 * output in `1 / up` samples from the start of the block, `count` the number of outputs, written from `written` on. The
 * middle of the filter lags half its length behind that place, so that only known samples are used.
 */
export type Kernel = (work: Float64Array, next: number, output: Int16Array, written: number, count: number) => void;

/** The loop that suits a ratio of `up / down`, which must be in lowest terms and not 1. */
export function createKernel(up: number, down: number): Kernel {
  if (down === 1) return up === 2 ? doubler() : interpolator(up);
  if (up === 1) return decimator(down);
  return rationalKernel(up, down);
}

function toInt16(value: number): number {
  if (value >= 32_767) return 32_767;
  if (value <= -32_768) return -32_768;
  return Math.floor(value + 0.5);
}

/**
 * Down by a whole number: every output lies on an input sample, and the filter is symmetric about it, so opposite
 * samples are added first. Coefficients at multiples of `down` are zero and left out.
 */
function decimator(down: number): Kernel {
  const half = designHalfFilter(down, 1);
  const middle = half[0] as number;
  const { distances, coefficients } = foldedTaps(half, 1, 0, 1 - middle);
  const reach = LOBES * down;
  return (work, next, output, written, count) => {
    let at = next + reach;
    for (let n = 0; n < count; n += 1) {
      output[written + n] = toInt16(middle * (work[at] as number) + foldedSum(work, at, at, distances, coefficients));
      at += down;
    }
  };
}

/** Up by two: an output on each input sample, and one half-way, about which the filter is symmetric. */
function doubler(): Kernel {
  const { distances, coefficients } = foldedTaps(designHalfFilter(2, 2), 2, 1, 1);
  return (work, next, output, written, count) => {
    let at = next / 2 + LOBES;
    for (let n = written; n < written + count; n += 2) {
      output[n] = work[at] as number;
      output[n + 1] = toInt16(foldedSum(work, at, at + 1, distances, coefficients));
      at += 1;
    }
  };
}

/**
 * Up by a whole number: one output of each group is the input sample itself. The others mirror each other about the
 * middle of the gap: with s and d the sum and difference of opposite samples, phase p is `even*s + odd*d` and phase
 * `up - p` is `even*s - odd*d`, so two outputs cost what one would.
 */
function interpolator(up: number): Kernel {
  const half = designHalfFilter(up, up);
  const pairs = Array.from({ length: Math.ceil(up / 2) - 1 }, (_, i) => mirroredTaps(half, up, i + 1));
  const between = up % 2 === 0 ? mirroredTaps(half, up, up / 2).even : undefined;
  const sums = new Float64Array(LOBES);
  const differences = new Float64Array(LOBES);
  return (work, next, output, written, count) => {
    let at = next / up + LOBES;
    for (let n = written; n < written + count; n += up) {
      for (let k = 0; k < LOBES; k += 1) {
        const left = work[at - k] as number;
        const right = work[at + 1 + k] as number;
        sums[k] = left + right;
        differences[k] = left - right;
      }
      output[n] = work[at] as number;
      for (let p = 0; p < pairs.length; p += 1) {
        const { even, odd } = pairs[p] as MirroredTaps;
        const symmetric = dotProduct(even, sums, 0);
        const skew = dotProduct(odd, differences, 0);
        output[n + 1 + p] = toInt16(symmetric + skew);
        output[n + up - 1 - p] = toInt16(symmetric - skew);
      }
      if (between !== undefined) {
        output[n + up / 2] = toInt16(dotProduct(between, sums, 0));
      }
      at += 1;
    }
  };
}

interface MirroredTaps {
  readonly even: Float64Array;
  readonly odd: Float64Array;
}

/** Taps of phase `phase`, normalised to a gain of 1 so that a constant stays a constant, split by symmetry. */
function mirroredTaps(half: Float64Array, up: number, phase: number): MirroredTaps {
  const left = Float64Array.from({ length: LOBES }, (_, k) => half[k * up + phase] as number);
  const right = Float64Array.from({ length: LOBES }, (_, k) => half[(k + 1) * up - phase] as number);
  const gain = left.reduce((sum, value, k) => sum + value + (right[k] as number), 0);
  return {
    even: left.map((value, k) => (value + (right[k] as number)) / 2 / gain),
    odd: left.map((value, k) => (value - (right[k] as number)) / 2 / gain),
  };
}

/** Coefficients of an output about which the filter is symmetric, so that opposite samples share a multiplication. */
interface FoldedTaps {
  /** Distances in samples, from the middle of the filter or, half a sample off, from the sample before it. */
  readonly distances: Int32Array;
  readonly coefficients: Float64Array;
}

/** Every `stride`-th coefficient from `first` on, zeros left out, both halves together adding up to `gain`. */
function foldedTaps(half: Float64Array, stride: number, first: number, gain: number): FoldedTaps {
  const places: number[] = [];
  for (let k = 0; first + k * stride < half.length; k += 1) {
    if (first + k * stride > 0 && half[first + k * stride] !== 0) places.push(k);
  }
  const values = places.map((k) => half[first + k * stride] as number);
  const total = 2 * values.reduce((sum, value) => sum + value, 0);
  const length = multipleOfFour(places.length);
  const distances = new Int32Array(length);
  const coefficients = new Float64Array(length);
  distances.set(places);
  coefficients.set(values.map((value) => (value * gain) / total));
  return { distances, coefficients };
}

function multipleOfFour(length: number): number {
  return 4 * Math.ceil(length / 4);
}

/** How one phase of a rational ratio is computed: folded where the filter is symmetric about the output, else plainly. */
type PhasePlan =
  | { readonly kind: 'folded'; readonly middle: number; readonly gap: 0 | 1; readonly taps: FoldedTaps }
  | { readonly kind: 'plain'; readonly before: number; readonly taps: Float64Array };

/** Any ratio: 3/2 and 2/3 in calls, odder ones for files. */
function rationalKernel(up: number, down: number): Kernel {
  const spacing = Math.max(up, down);
  const half = designHalfFilter(spacing, up);
  const reach = filterReach(up, down);
  const plans = Array.from({ length: up }, (_, phase) => planPhase(half, up, phase));
  return (work, next, output, written, count) => {
    let at = Math.floor(next / up) + reach;
    let phase = next % up;
    for (let n = written; n < written + count; n += 1) {
      const plan = plans[phase] as PhasePlan;
      output[n] = toInt16(
        plan.kind === 'folded' ? folded(work, at, plan) : dotProduct(plan.taps, work, at - plan.before),
      );
      phase += down;
      while (phase >= up) {
        phase -= up;
        at += 1;
      }
    }
  };
}

function planPhase(half: Float64Array, up: number, phase: number): PhasePlan {
  if (phase === 0) {
    const middle = half[0] as number;
    return { kind: 'folded', middle, gap: 0, taps: foldedTaps(half, up, 0, 1 - middle) };
  }
  if (2 * phase === up) return { kind: 'folded', middle: 0, gap: 1, taps: foldedTaps(half, up, phase, 1) };
  const before = Math.ceil((half.length - phase) / up) - 1;
  const taps = Float64Array.from({ length: multipleOfFour(2 * Math.ceil(half.length / up)) }, (_, k) => {
    const distance = Math.abs((k - before) * up - phase);
    return distance < half.length ? (half[distance] as number) : 0;
  });
  const gain = taps.reduce((sum, value) => sum + value, 0);
  return { kind: 'plain', before, taps: taps.map((value) => value / gain) };
}

function folded(work: Float64Array, at: number, plan: PhasePlan & { kind: 'folded' }): number {
  const { distances, coefficients } = plan.taps;
  return plan.middle * (work[at] as number) + foldedSum(work, at, at + plan.gap, distances, coefficients);
}

// The sums below run in four strands because each floating-point addition must otherwise await the one before; all tap
// counts are multiples of four because LOBES is, or by padding with zeros.

function dotProduct(taps: Float64Array, samples: Float64Array, start: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let k = 0; k < taps.length; k += 4) {
    a += (taps[k] as number) * (samples[start + k] as number);
    b += (taps[k + 1] as number) * (samples[start + k + 1] as number);
    c += (taps[k + 2] as number) * (samples[start + k + 2] as number);
    d += (taps[k + 3] as number) * (samples[start + k + 3] as number);
  }
  return a + b + (c + d);
}

function foldedSum(
  work: Float64Array,
  before: number,
  after: number,
  distances: Int32Array,
  coefficients: Float64Array,
): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let k = 0; k < distances.length; k += 4) {
    const i = distances[k] as number;
    const j = distances[k + 1] as number;
    const l = distances[k + 2] as number;
    const m = distances[k + 3] as number;
    a += (coefficients[k] as number) * ((work[before - i] as number) + (work[after + i] as number));
    b += (coefficients[k + 1] as number) * ((work[before - j] as number) + (work[after + j] as number));
    c += (coefficients[k + 2] as number) * ((work[before - l] as number) + (work[after + l] as number));
    d += (coefficients[k + 3] as number) * ((work[before - m] as number) + (work[after + m] as number));
  }
  return a + b + (c + d);
}
