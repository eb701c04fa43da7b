/** Samples that one spectrum looks at. */
export const SPECTRUM_SAMPLES = 256;

/** Bins from 0 Hz to half the sampling rate, both included; at 8000 Hz they are 31.25 Hz apart. */
export const SPECTRUM_BINS = SPECTRUM_SAMPLES / 2 + 1;

const HALF = SPECTRUM_SAMPLES / 2;
const STAGES = Math.log2(HALF);

/** Hann window, scaled so that white noise keeps its power: a bin holds the mean square of one sample. */
const hann = Float64Array.from(
  { length: SPECTRUM_SAMPLES },
  (_, i) => Math.sin((Math.PI * (i + 0.5)) / SPECTRUM_SAMPLES) ** 2 / Math.sqrt((3 / 8) * SPECTRUM_SAMPLES),
);
const cosines = Float64Array.from({ length: HALF }, (_, k) => Math.cos((2 * Math.PI * k) / SPECTRUM_SAMPLES));
const sines = Float64Array.from({ length: HALF }, (_, k) => Math.sin((2 * Math.PI * k) / SPECTRUM_SAMPLES));
const reversed = Uint8Array.from({ length: HALF }, (_, i) => {
  let result = 0;
  for (let bit = 0; bit < STAGES; bit += 1) result |= ((i >> bit) & 1) << (STAGES - 1 - bit);
  return result;
});

/**
 * Power spectra of 256 real samples: a complex radix-2 transform of half the length, even samples as real and odd ones
 * as imaginary parts, untangled afterwards. Owns its scratch memory.
 */
export class PowerSpectrum {
  /** Room to put together what {@link compute} is to look at, for whoever has it in pieces. */
  readonly window = new Int16Array(SPECTRUM_SAMPLES);
  /** Power in each bin, as of the last {@link compute}. */
  readonly power = new Float64Array(SPECTRUM_BINS);
  readonly #real = new Float64Array(HALF);
  readonly #imaginary = new Float64Array(HALF);

  compute(samples: Int16Array | Float64Array): void {
    const real = this.#real;
    const imaginary = this.#imaginary;
    for (let i = 0; i < HALF; i += 1) {
      const to = reversed[i] as number;
      real[to] = (samples[2 * i] as number) * (hann[2 * i] as number);
      imaginary[to] = (samples[2 * i + 1] as number) * (hann[2 * i + 1] as number);
    }
    transform(real, imaginary);
    untangle(real, imaginary, this.power);
  }
}

/** In place, decimation in time, input in bit-reversed order. The first two stages turn nothing, the others two at a time. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  for (let at = 0; at < HALF; at += 4) begin(real, imaginary, at);
  for (let span = 4; 4 * span <= HALF; span *= 4) {
    for (let k = 0; k < span; k += 1) turnTwice(real, imaginary, span, k);
  }
  turnLast(real, imaginary);
}

/** Two stages of four neighbours, whose factors are 1 and -i. */
function begin(real: Float64Array, imaginary: Float64Array, at: number): void {
  const real0 = real[at] as number;
  const real1 = real[at + 1] as number;
  const real2 = real[at + 2] as number;
  const real3 = real[at + 3] as number;
  const imaginary0 = imaginary[at] as number;
  const imaginary1 = imaginary[at + 1] as number;
  const imaginary2 = imaginary[at + 2] as number;
  const imaginary3 = imaginary[at + 3] as number;
  const sumReal = real2 + real3;
  const sumImaginary = imaginary2 + imaginary3;
  const differenceReal = real2 - real3;
  const differenceImaginary = imaginary2 - imaginary3;
  real[at] = real0 + real1 + sumReal;
  imaginary[at] = imaginary0 + imaginary1 + sumImaginary;
  real[at + 1] = real0 - real1 + differenceImaginary;
  imaginary[at + 1] = imaginary0 - imaginary1 - differenceReal;
  real[at + 2] = real0 + real1 - sumReal;
  imaginary[at + 2] = imaginary0 + imaginary1 - sumImaginary;
  real[at + 3] = real0 - real1 - differenceImaginary;
  imaginary[at + 3] = imaginary0 - imaginary1 + differenceReal;
}

/** The stages of `span` and of twice that, for everything that has the place `k` in its span. */
function turnTwice(real: Float64Array, imaginary: Float64Array, span: number, k: number): void {
  const c1 = cosines[(k * HALF) / span] as number;
  const s1 = sines[(k * HALF) / span] as number;
  const c2 = cosines[(k * HALF) / (2 * span)] as number;
  const s2 = sines[(k * HALF) / (2 * span)] as number;
  for (let at = k; at < HALF; at += 4 * span) {
    const real1 = real[at + span] as number;
    const imaginary1 = imaginary[at + span] as number;
    const real3 = real[at + 3 * span] as number;
    const imaginary3 = imaginary[at + 3 * span] as number;
    const turnedReal1 = real1 * c1 + imaginary1 * s1;
    const turnedImaginary1 = imaginary1 * c1 - real1 * s1;
    const turnedReal3 = real3 * c1 + imaginary3 * s1;
    const turnedImaginary3 = imaginary3 * c1 - real3 * s1;
    const real0 = real[at] as number;
    const imaginary0 = imaginary[at] as number;
    const real2 = real[at + 2 * span] as number;
    const imaginary2 = imaginary[at + 2 * span] as number;
    const upperReal = real2 + turnedReal3;
    const upperImaginary = imaginary2 + turnedImaginary3;
    const lowerReal = real2 - turnedReal3;
    const lowerImaginary = imaginary2 - turnedImaginary3;
    const sumReal = upperReal * c2 + upperImaginary * s2;
    const sumImaginary = upperImaginary * c2 - upperReal * s2;
    // A quarter of a turn more: by -i.
    const differenceReal = lowerImaginary * c2 - lowerReal * s2;
    const differenceImaginary = -(lowerReal * c2 + lowerImaginary * s2);
    real[at] = real0 + turnedReal1 + sumReal;
    imaginary[at] = imaginary0 + turnedImaginary1 + sumImaginary;
    real[at + 2 * span] = real0 + turnedReal1 - sumReal;
    imaginary[at + 2 * span] = imaginary0 + turnedImaginary1 - sumImaginary;
    real[at + span] = real0 - turnedReal1 + differenceReal;
    imaginary[at + span] = imaginary0 - turnedImaginary1 + differenceImaginary;
    real[at + 3 * span] = real0 - turnedReal1 - differenceReal;
    imaginary[at + 3 * span] = imaginary0 - turnedImaginary1 - differenceImaginary;
  }
}

/** The last stage: both halves. */
function turnLast(real: Float64Array, imaginary: Float64Array): void {
  for (let low = 0; low < HALF / 2; low += 1) {
    const c = cosines[2 * low] as number;
    const s = sines[2 * low] as number;
    const high = low + HALF / 2;
    const highReal = real[high] as number;
    const highImaginary = imaginary[high] as number;
    const turnedReal = highReal * c + highImaginary * s;
    const turnedImaginary = highImaginary * c - highReal * s;
    const lowReal = real[low] as number;
    const lowImaginary = imaginary[low] as number;
    real[low] = lowReal + turnedReal;
    imaginary[low] = lowImaginary + turnedImaginary;
    real[high] = lowReal - turnedReal;
    imaginary[high] = lowImaginary - turnedImaginary;
  }
}

/** From the transform of the interleaved signal to the power spectrum of the real one. */
function untangle(real: Float64Array, imaginary: Float64Array, power: Float64Array): void {
  const re0 = real[0] as number;
  const im0 = imaginary[0] as number;
  power[0] = (re0 + im0) ** 2;
  power[HALF] = (re0 - im0) ** 2;
  // Two bins, mirrors of each other, are made of the same four numbers.
  for (let k = 1; k <= HALF / 2; k += 1) {
    const mirror = HALF - k;
    const a = real[k] as number;
    const b = imaginary[k] as number;
    const c = real[mirror] as number;
    const d = imaginary[mirror] as number;
    const evenReal = (a + c) / 2;
    const evenImaginary = (b - d) / 2;
    const oddReal = (b + d) / 2;
    const oddImaginary = (c - a) / 2;
    const cosine = cosines[k] as number;
    const sine = sines[k] as number;
    const turnedReal = cosine * oddReal + sine * oddImaginary;
    const turnedImaginary = cosine * oddImaginary - sine * oddReal;
    power[k] = (evenReal + turnedReal) ** 2 + (evenImaginary + turnedImaginary) ** 2;
    power[mirror] = (evenReal - turnedReal) ** 2 + (evenImaginary - turnedImaginary) ** 2;
  }
}
