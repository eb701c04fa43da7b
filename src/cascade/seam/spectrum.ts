/** Rate at which frames are looked at, Hz: what a phone lets through. */
const BASE_RATE = 8_000;
const WINDOW = 256;
/** From one frame to the next. */
export const FRAME_MS = 10;
const HOP = (BASE_RATE * FRAME_MS) / 1_000;
const BANDS = 16;
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

/** A level so far below the loudest is silence, dB. */
const SILENCE_DB = 32;

/** Silence that lasts so long is a pause; shorter ones are within words, frames. */
const PAUSE_FRAMES = 12;

/** The time in which a voice sounds, pauses left out: text tells how long it speaks, and not how long it pauses. */
export class SoundingTime {
  /** Of each frame that sounds, its place among all. */
  readonly #frames: readonly number[];

  constructor(frames: readonly Frame[]) {
    const loudest = frames.reduce((most, { levelDb }) => Math.max(most, levelDb), Number.NEGATIVE_INFINITY);
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
    for (; at + WINDOW <= this.#length; at += HOP) this.frames.push(frameOf(this.#pending, at));
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

const hann = Float64Array.from({ length: WINDOW }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / WINDOW));
const cosines = Float64Array.from({ length: WINDOW / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / WINDOW));
const sines = Float64Array.from({ length: WINDOW / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / WINDOW));
const mel = (hz: number): number => 1127 * Math.log(1 + hz / 700);
/** The band of each line of the spectrum; -1: of none. */
const bandOfLine = Int8Array.from({ length: WINDOW / 2 }, (_, line) => {
  const hz = (line * BASE_RATE) / WINDOW;
  if (hz < LOWEST_HZ || hz >= HIGHEST_HZ) return -1;
  return Math.floor((BANDS * (mel(hz) - mel(LOWEST_HZ))) / (mel(HIGHEST_HZ) - mel(LOWEST_HZ)));
});

function frameOf(samples: Float32Array, at: number): Frame {
  const re = new Float64Array(WINDOW);
  const im = new Float64Array(WINDOW);
  for (let i = 0; i < WINDOW; i += 1) re[i] = (samples[at + i] as number) * (hann[i] as number);
  transform(re, im);
  const energies = new Float64Array(BANDS);
  for (let line = 0; line < WINDOW / 2; line += 1) {
    const band = bandOfLine[line] as number;
    if (band >= 0) energies[band] = (energies[band] as number) + (re[line] as number) ** 2 + (im[line] as number) ** 2;
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

/** Discrete Fourier transform in place, radix 2, decimation in time. */
function transform(re: Float64Array, im: Float64Array): void {
  for (let i = 1, j = 0; i < WINDOW; i += 1) {
    let bit = WINDOW >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    const swap = re[i] as number;
    re[i] = re[j] as number;
    re[j] = swap;
  }
  for (let size = 2; size <= WINDOW; size *= 2) {
    const half = size / 2;
    const stride = WINDOW / size;
    for (let start = 0; start < WINDOW; start += size) {
      for (let k = 0; k < half; k += 1) {
        const cosine = cosines[k * stride] as number;
        const sine = sines[k * stride] as number;
        const upper = start + k;
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
