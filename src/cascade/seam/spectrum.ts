import { PowerSpectrum, SPECTRUM_BINS, SPECTRUM_SAMPLES } from '../../audio/power-spectrum.js';

/** Rate at which frames are looked at, Hz: what a phone lets through. */
const BASE_RATE = 8_000;
/** From one frame to the next. */
export const FRAME_MS = 10;
const HOP = (BASE_RATE * FRAME_MS) / 1_000;
export const BANDS = 16;
const LOWEST_HZ = 120;
const HIGHEST_HZ = 3_700;
/** Power of a band that counts as none: a step or two of 16 bits. */
const FLOOR = 10;

/** 32 ms of sound, seen from afar: where its energy lies, and how much there is. */
export interface Frame {
  /** Natural logarithms of the powers of the bands, their mean taken off: what sound it is, however loud. */
  readonly shape: Float32Array;
  /** Power, dB above an arbitrary level. */
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
  readonly #spectrum = new PowerSpectrum();
  /** What is left of the last chunk, at the rate it came in. */
  #rest: Int16Array = new Int16Array(0);
  /** At the base rate: the beginning is that of the next frame. */
  #pending = new Int16Array(4 * SPECTRUM_SAMPLES);
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
    for (; at + SPECTRUM_SAMPLES <= this.#length; at += HOP) this.frames.push(this.#frameAt(at));
    this.#pending.copyWithin(0, at, this.#length);
    this.#length -= at;
  }

  #grow(count: number): void {
    if (this.#length + count <= this.#pending.length) return;
    const larger = new Int16Array(2 * (this.#length + count));
    larger.set(this.#pending.subarray(0, this.#length));
    this.#pending = larger;
  }

  #frameAt(at: number): Frame {
    const { power, window } = this.#spectrum;
    for (let i = 0; i < SPECTRUM_SAMPLES; i += 1) window[i] = this.#pending[at + i] as number;
    this.#spectrum.compute(window);
    const shape = new Float32Array(BANDS).fill(FLOOR);
    for (let bin = firstBin; bin <= lastBin; bin += 1) {
      const band = bandOfBin[bin] as number;
      shape[band] = (shape[band] as number) + (power[bin] as number);
    }
    let mean = 0;
    let sum = 0;
    for (let band = 0; band < BANDS; band += 1) {
      sum += shape[band] as number;
      shape[band] = Math.log(shape[band] as number);
      mean += (shape[band] as number) / BANDS;
    }
    for (let band = 0; band < BANDS; band += 1) shape[band] = (shape[band] as number) - mean;
    return { shape, levelDb: 10 * Math.log10(sum) };
  }
}

function concat(one: Int16Array, other: Int16Array): Int16Array {
  const both = new Int16Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

const mel = (hz: number): number => 1127 * Math.log(1 + hz / 700);
/** The band of each bin of the spectrum; -1: of none. */
const bandOfBin = Int8Array.from({ length: SPECTRUM_BINS }, (_, bin) => {
  const hz = (bin * BASE_RATE) / SPECTRUM_SAMPLES;
  if (hz < LOWEST_HZ || hz >= HIGHEST_HZ) return -1;
  return Math.floor((BANDS * (mel(hz) - mel(LOWEST_HZ))) / (mel(HIGHEST_HZ) - mel(LOWEST_HZ)));
});
const firstBin = bandOfBin.findIndex((band) => band >= 0);
const lastBin = bandOfBin.findLastIndex((band) => band >= 0);
