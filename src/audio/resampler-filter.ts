/**
 * The low-pass filter of the resampler: a Kaiser-windowed sinc whose cutoff is half the lower of the two rates. Such a
 * filter is zero at every multiple of the lower rate's sample period except the middle (a Nyquist filter), which
 * leaves one coefficient, or few, wherever an output falls on an input sample.
 */

/**
 * Zero crossings on either side of the middle. 20 give a transition of 3.4 to 4.6 kHz where the lower
 * rate is 8 kHz, with the telephone band untouched and its images 90 dB down.
 */
const LOBES = 20;

/** Kaiser's beta for 84 dB of stopband attenuation: 0.1102 (84 - 8.7). */
const KAISER_BETA = 8.3;

/**
 * One half of the (symmetric) filter for `up / down`, on the grid of the two rates' least common multiple.
 * @returns `LOBES` coefficients for each grid point between two zero crossings, the middle first; the whole filter sums to `up`
 */
export function designHalfFilter(up: number, down: number): Float64Array {
  const spacing = Math.max(up, down);
  const length = LOBES * spacing;
  const half = Float64Array.from({ length }, (_, i) => {
    if (i % spacing === 0) return i === 0 ? 1 : 0;
    const angle = (Math.PI * i) / spacing;
    return (Math.sin(angle) / angle) * kaiser(i / length);
  });
  return half.map((value) => (value * up) / spacing);
}

/** Kaiser window at `x` in [0, 1], 1 at the middle. */
function kaiser(x: number): number {
  return besselI0(KAISER_BETA * Math.sqrt(1 - x * x)) / besselI0(KAISER_BETA);
}

/** Modified Bessel function of the first kind, order zero, by its power series. */
function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** Half the length of the filter, input samples, rounded up. */
export function filterReach(up: number, down: number): number {
  return Math.ceil((LOBES * Math.max(up, down)) / up);
}

/** What one input sample contributes to an output. */
export interface Tap {
  /** Where the sample lies, from the one at the output's place or the last before it. */
  readonly distance: number;
  readonly coefficient: number;
}

/**
 * The coefficients of an output `phase / up` samples after an input sample, zeros left out, in the order of their samples.
 * Together they are 1, so that a constant stays a constant; the middle of the filter is left as it is.
 */
export function phaseTaps(half: Float64Array, up: number, phase: number): readonly Tap[] {
  const middle = phase === 0 ? (half[0] as number) : 0;
  const first = 1 - Math.ceil((half.length - phase) / up);
  const last = Math.ceil((half.length + phase) / up) - 1;
  const taps = Array.from({ length: last - first + 1 }, (_, index) => {
    const distance = first + index;
    return { distance, coefficient: half[Math.abs(distance * up - phase)] as number };
  }).filter(({ coefficient }) => coefficient !== 0);
  const beside = taps.reduce((sum, { coefficient }) => sum + coefficient, -middle);
  return taps.map(({ distance, coefficient }) =>
    phase === 0 && distance === 0
      ? { distance, coefficient }
      : { distance, coefficient: (coefficient / beside) * (1 - middle) },
  );
}
