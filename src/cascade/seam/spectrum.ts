/** Rate at which frames are looked at, Hz: what a phone lets through. */
const BASE_RATE = 8_000;
const WINDOW = 256;
/** From one frame to the next. */
export const FRAME_MS = 10;
const HOP = (BASE_RATE * FRAME_MS) / 1_000;
export const BANDS = 16;
const LOWEST_HZ = 120;
const HIGHEST_HZ = 3_700;
/** Energy of a band that counts as none: a step or two of 16 bits. */
const FLOOR = 1e3;

/** 32 ms of sound, seen from afar: where its energy lies, and how much there is. */
export interface Frame {
  /** Natural logarithms of the energies of the bands, their mean taken off: what sound it is, however loud. */
  readonly shape: Float32Array;
  /** Energy, dB above an arbitrary level. */
  readonly levelDb: number;
}

/** Level of the loudest, dB. */
export function loudestOf(frames: readonly Frame[]): number {
  let loudest = Number.NEGATIVE_INFINITY;
  for (const { levelDb } of frames) if (levelDb > loudest) loudest = levelDb;
  return loudest;
}

/** A level so far below the loudest is silence, dB. */
const SILENCE_DB = 32;

/** Silence that lasts so long is a pause; shorter ones are within words, frames. */
const PAUSE_FRAMES = 12;

/** The time in which a voice sounds, pauses left out: text tells how long it speaks, and not how long it pauses. */
export class SoundingTime {
  /** Of each frame that sounds, its place among all. */
  readonly #frames: readonly number[];

  constructor(frames: readonly Frame[]) {
    const loudest = loudestOf(frames);
    const sounding: number[] = [];
    for (const [at, { levelDb }] of frames.entries()) {
      if (levelDb <= loudest - SILENCE_DB) continue;
      const before = sounding.at(-1);
      if (before !== undefined && at - before <= PAUSE_FRAMES) {
        for (let short = before + 1; short < at; short += 1) sounding.push(short);
      }
      sounding.push(at);
    }
    this.#frames = sounding;
  }

  get totalMs(): number {
    return this.#frames.length * FRAME_MS;
  }

  /** When it has sounded for so long, ms from the first frame. */
  at(soundingMs: number): number {
    const index = Math.floor(soundingMs / FRAME_MS);
    const frame = this.#frames[index];
    if (frame !== undefined) return frame * FRAME_MS;
    return ((this.#frames.at(-1) ?? 0) + 1) * FRAME_MS + (soundingMs - this.totalMs);
  }
}

/** Cuts sound, as it comes, into frames. */
export class FrameReader {
  readonly frames: Frame[] = [];
  readonly #decimation: number;
  readonly #analysis = new Analysis();
  /** What is left of the last chunk, at the rate it came in. */
  #rest: Int16Array = new Int16Array(0);
  /** At the base rate: the beginning is that of the next frame. */
  #pending = new Float32Array(4 * WINDOW);
  #length = 0;

  /** @param sampleRate a whole multiple of 8000 Hz */
  constructor(sampleRate: number) {
    this.#decimation = Math.max(1, Math.round(sampleRate / BASE_RATE));
  }

  push(samples: Int16Array): void {
    const step = this.#decimation;
    const joined = this.#rest.length === 0 ? samples : concat(this.#rest, samples);
    const count = Math.floor(joined.length / step);
    this.#grow(count);
    for (let i = 0; i < count; i += 1) {
      let sum = 0;
      // A mean is a poor filter, and good enough to tell sounds apart.
      for (let k = 0; k < step; k += 1) sum += joined[i * step + k] as number;
      this.#pending[this.#length + i] = sum / step;
    }
    this.#length += count;
    this.#rest = joined.slice(count * step);
    let at = 0;
    for (; at + WINDOW <= this.#length; at += HOP) this.frames.push(this.#analysis.frameOf(this.#pending, at));
    this.#pending.copyWithin(0, at, this.#length);
    this.#length -= at;
  }

  #grow(count: number): void {
    if (this.#length + count <= this.#pending.length) return;
    const larger = new Float32Array(2 * (this.#length + count));
    larger.set(this.#pending.subarray(0, this.#length));
    this.#pending = larger;
  }
}

function concat(one: Int16Array, other: Int16Array): Int16Array {
  const both = new Int16Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** Half as many points as the window has samples: two neighbours are the parts of one complex number. */
const POINTS = WINDOW / 2;
const hann = Float64Array.from({ length: WINDOW }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / WINDOW));
const cosines = Float64Array.from({ length: WINDOW / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / WINDOW));
const sines = Float64Array.from({ length: WINDOW / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / WINDOW));
/** Where each point goes before the transform: its number with the bits in reverse. */
const reversed = Uint8Array.from({ length: POINTS }, (_, i) => {
  let number = 0;
  for (let bit = 1; bit < POINTS; bit *= 2) number = 2 * number + ((i & bit) === 0 ? 0 : 1);
  return number;
});
const mel = (hz: number): number => 1127 * Math.log(1 + hz / 700);
/** The band of each line of the spectrum; -1: of none. */
const bandOfLine = Int8Array.from({ length: WINDOW / 2 }, (_, line) => {
  const hz = (line * BASE_RATE) / WINDOW;
  if (hz < LOWEST_HZ || hz >= HIGHEST_HZ) return -1;
  return Math.floor((BANDS * (mel(hz) - mel(LOWEST_HZ))) / (mel(HIGHEST_HZ) - mel(LOWEST_HZ)));
});
const firstLine = bandOfLine.findIndex((band) => band >= 0);
const lastLine = bandOfLine.findLastIndex((band) => band >= 0);

/** Makes frames of a window of samples. What it works in is kept for the next. */
class Analysis {
  readonly #re = new Float64Array(POINTS);
  readonly #im = new Float64Array(POINTS);
  readonly #energies = new Float64Array(BANDS);

  frameOf(samples: Float32Array, at: number): Frame {
    const re = this.#re;
    const im = this.#im;
    const energies = this.#energies;
    for (let i = 0; i < POINTS; i += 1) {
      const place = reversed[i] as number;
      re[place] = (samples[at + 2 * i] as number) * (hann[2 * i] as number);
      im[place] = (samples[at + 2 * i + 1] as number) * (hann[2 * i + 1] as number);
    }
    transform(re, im);
    energies.fill(0);
    for (let line = firstLine; line <= lastLine; line += 1) {
      const band = bandOfLine[line] as number;
      energies[band] = (energies[band] as number) + energyOf(re, im, line);
    }
    let mean = 0;
    let sum = 0;
    const shape = new Float32Array(BANDS);
    for (let band = 0; band < BANDS; band += 1) {
      const energy = (energies[band] as number) + FLOOR;
      shape[band] = Math.log(energy);
      mean += (shape[band] as number) / BANDS;
      sum += energy;
    }
    for (let band = 0; band < BANDS; band += 1) shape[band] = (shape[band] as number) - mean;
    return { shape, levelDb: 10 * Math.log10(sum) };
  }
}

/** Of a line of the real spectrum: the even samples and the odd ones were transformed as one. */
function energyOf(re: Float64Array, im: Float64Array, line: number): number {
  const one = re[line] as number;
  const oneIm = im[line] as number;
  const other = re[POINTS - line] as number;
  const otherIm = im[POINTS - line] as number;
  const odd = (oneIm + otherIm) / 2;
  const oddIm = (other - one) / 2;
  const cosine = cosines[line] as number;
  const sine = sines[line] as number;
  const real = (one + other) / 2 + odd * cosine - oddIm * sine;
  const imaginary = (oneIm - otherIm) / 2 + odd * sine + oddIm * cosine;
  return real * real + imaginary * imaginary;
}

/** Discrete Fourier transform in place of points in reversed order, radix 2, decimation in time; the first two steps as one. */
function transform(re: Float64Array, im: Float64Array): void {
  for (let start = 0; start < POINTS; start += 4) {
    const sum = (re[start] as number) + (re[start + 1] as number);
    const sumIm = (im[start] as number) + (im[start + 1] as number);
    const step = (re[start] as number) - (re[start + 1] as number);
    const stepIm = (im[start] as number) - (im[start + 1] as number);
    const nextSum = (re[start + 2] as number) + (re[start + 3] as number);
    const nextSumIm = (im[start + 2] as number) + (im[start + 3] as number);
    const nextStep = (re[start + 2] as number) - (re[start + 3] as number);
    const nextStepIm = (im[start + 2] as number) - (im[start + 3] as number);
    re[start] = sum + nextSum;
    im[start] = sumIm + nextSumIm;
    re[start + 1] = step + nextStepIm;
    im[start + 1] = stepIm - nextStep;
    re[start + 2] = sum - nextSum;
    im[start + 2] = sumIm - nextSumIm;
    re[start + 3] = step - nextStepIm;
    im[start + 3] = stepIm + nextStep;
  }
  for (let size = 8; size <= POINTS; size *= 2) {
    const half = size / 2;
    const stride = WINDOW / size;
    for (let k = 0; k < half; k += 1) {
      const cosine = cosines[k * stride] as number;
      const sine = sines[k * stride] as number;
      for (let upper = k; upper < POINTS; upper += size) {
        const lower = upper + half;
        const real = (re[lower] as number) * cosine - (im[lower] as number) * sine;
        const imaginary = (re[lower] as number) * sine + (im[lower] as number) * cosine;
        re[lower] = (re[upper] as number) - real;
        im[lower] = (im[upper] as number) - imaginary;
        re[upper] = (re[upper] as number) + real;
        im[upper] = (im[upper] as number) + imaginary;
      }
    }
  }
}
