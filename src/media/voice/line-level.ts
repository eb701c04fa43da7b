import { readSamples } from '../../audio/linear-samples.js';
import type { AudioFormat } from '../../flavor-api/index.js';

/** Power of what is as loud as a voice, beside that of the voice: 9 dB less. Speech in the noise of a street ends 10 dB lower. */
const AS_LOUD = 0.126;
/** Behind the last voiced frame an echo fades and a consonant sounds, frames: 200 ms. */
const FADING_FRAMES = 10;
/** The level of the line is that of so many frames, about: 400 ms. */
const LINE_FRAMES = 20;

/**
 * How loud the line is when a voice has fallen silent, beside that voice. Behind speech there is silence or a noise that
 * lies well below it. Music that was taken for speech goes on: what stopped was no voice.
 */
export class LineLevel {
  #samples: Int16Array | undefined;
  #voicedFrames = 0;
  /** Mean of the stretch's voiced frames, square LSB. */
  #voicePower = 0;
  #framesSinceVoice = 0;
  #linePower = 0;

  /** Another stretch of speech begins. */
  begin(): void {
    this.#voicedFrames = 0;
    this.#voicePower = 0;
    this.#framesSinceVoice = 0;
    this.#linePower = 0;
  }

  /** One 20 ms frame, during the stretch and behind it. Hot path. */
  push(data: Uint8Array, encoding: AudioFormat['encoding'], voiced: boolean): void {
    const power = this.#powerOf(data, encoding);
    if (voiced) {
      this.#voicedFrames += 1;
      this.#voicePower += (power - this.#voicePower) / this.#voicedFrames;
      this.#framesSinceVoice = 0;
      return;
    }
    this.#framesSinceVoice += 1;
    const frames = this.#framesSinceVoice - FADING_FRAMES;
    if (frames > 0) this.#linePower += (power - this.#linePower) / Math.min(frames, LINE_FRAMES);
  }

  /** The voice is silent, and the line about as loud as it was. */
  get loud(): boolean {
    if (this.#voicedFrames === 0 || this.#framesSinceVoice <= FADING_FRAMES) return false;
    return this.#linePower > AS_LOUD * this.#voicePower;
  }

  #powerOf(data: Uint8Array, encoding: AudioFormat['encoding']): number {
    const count = encoding === 'pcm16' ? data.length >> 1 : data.length;
    if (this.#samples?.length !== count) this.#samples = new Int16Array(count);
    const samples = this.#samples;
    readSamples(data, encoding, samples);
    let energy = 0;
    for (let i = 0; i < count; i += 1) {
      const sample = samples[i] as number;
      energy += sample * sample;
    }
    return energy / count;
  }
}
