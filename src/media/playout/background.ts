import { createResampler, type Resampler } from '../../audio/resampler.js';
import { Int16Views } from '../../audio/views.js';
import type { BackgroundLayer, BackgroundSound } from '../engine.js';
import { mixInto } from './sound-mix.js';

export const backgroundLayers: readonly BackgroundLayer[] = ['ambient', 'foreground'];

/** A sound comes and goes within this, ms. */
const FADE_MS = 150;

/**
 * What is mixed into the packets to the phone. While no sound is to be heard it says so, and packets are left as they
 * are. Allocates only when the longest packet so far is mixed for the first time.
 */
export class Background {
  readonly #layers: Readonly<Record<BackgroundLayer, Loop>>;

  /** @param rateHz of the phone's codec */
  constructor(rateHz: number) {
    this.#layers = { ambient: new Loop(rateHz), foreground: new Loop(rateHz) };
  }

  /** Something is to be mixed into the next packet. */
  get audible(): boolean {
    return this.#layers.ambient.audible || this.#layers.foreground.audible;
  }

  /** What is to be heard on a layer from now on; `undefined`: nothing. The same sound goes on where it is. */
  set(layer: BackgroundLayer, sound: BackgroundSound | undefined): void {
    this.#layers[layer].set(sound);
  }

  /** Adds the next stretch of every sound to `samples`; what leaves 16 bits is clipped. */
  mix(samples: Int16Array): void {
    this.#layers.ambient.mix(samples);
    this.#layers.foreground.mix(samples);
  }
}

/** One layer: a sound that is repeated, rises, falls, and gives way to the next. */
class Loop {
  readonly #rateHz: number;
  /** Of the gain, per sample. */
  readonly #step: number;
  readonly #raw = new Int16Views();
  readonly #faded = new Int16Views();
  #sound: BackgroundSound | undefined;
  #wanted: BackgroundSound | undefined;
  #resampler: Resampler;
  /** Of the next sample. */
  #at = 0;
  /** 0 to 1. */
  #gain = 0;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
    this.#step = 1000 / (FADE_MS * rateHz);
    this.#resampler = createResampler(rateHz, rateHz);
  }

  get audible(): boolean {
    return this.#sound !== undefined || this.#wanted !== undefined;
  }

  set(sound: BackgroundSound | undefined): void {
    this.#wanted = sound;
  }

  mix(samples: Int16Array): void {
    if (this.#sound !== this.#wanted && this.#gain <= 0) this.#begin(this.#wanted);
    const sound = this.#sound;
    if (sound === undefined) return;
    const step = sound === this.#wanted ? this.#step : -this.#step;
    const source = this.#next(sound, samples.length);
    if (this.#gain >= 1 && step > 0) {
      mixInto(samples, source);
      return;
    }
    const faded = this.#faded.take(samples.length);
    let gain = this.#gain;
    for (let i = 0; i < source.length; i += 1) {
      gain = Math.min(Math.max(gain + step, 0), 1);
      faded[i] = Math.round((source[i] as number) * gain);
    }
    this.#gain = gain;
    mixInto(samples, faded);
    if (gain <= 0) this.#begin(this.#wanted);
  }

  #begin(sound: BackgroundSound | undefined): void {
    const { sampleRate } = sound ?? { sampleRate: this.#rateHz };
    if (sampleRate !== (this.#sound?.sampleRate ?? this.#rateHz)) {
      this.#resampler = createResampler(sampleRate, this.#rateHz);
    }
    this.#sound = sound;
    this.#at = 0;
    this.#gain = 0;
  }

  /** `count` samples at the phone's rate. */
  #next(sound: BackgroundSound, count: number): Int16Array {
    const { samples, sampleRate } = sound;
    const raw = this.#raw.take((count * sampleRate) / this.#rateHz);
    let at = this.#at;
    for (let i = 0; i < raw.length; i += 1) {
      raw[i] = samples[at] as number;
      at = at + 1 === samples.length ? 0 : at + 1;
    }
    this.#at = at;
    return this.#resampler.process(raw);
  }
}
