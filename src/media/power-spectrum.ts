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
  /** Power in each bin, as of the last {@link compute}. */
  readonly power = new Float64Array(SPECTRUM_BINS);
  readonly #real = new Float64Array(HALF);
  readonly #imaginary = new Float64Array(HALF);

  compute(samples: Float64Array): void {
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

/** In place, decimation in time, input in bit-reversed order. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  for (let span = 1; span < HALF; span *= 2) {
    const stride = HALF / span;
    for (let k = 0; k < span; k += 1) {
      const c = cosines[k * stride] as number;
      const s = sines[k * stride] as number;
      for (let low = k; low < HALF; low += 2 * span) {
        const high = low + span;
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
  }
}

/** From the transform of the interleaved signal to the power spectrum of the real one. */
function untangle(real: Float64Array, imaginary: Float64Array, power: Float64Array): void {
  const re0 = real[0] as number;
  const im0 = imaginary[0] as number;
  power[0] = (re0 + im0) ** 2;
  power[HALF] = (re0 - im0) ** 2;
  for (let k = 1; k < HALF; k += 1) {
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
    const sumReal = evenReal + cosine * oddReal + sine * oddImaginary;
    const sumImaginary = evenImaginary + cosine * oddImaginary - sine * oddReal;
    power[k] = sumReal * sumReal + sumImaginary * sumImaginary;
  }
}
