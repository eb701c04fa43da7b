import { writeWavFile } from '../media/wav-file.js';

/** Longest recording kept, samples at 8000 Hz: one hour. */
const LONGEST_SAMPLES = 3600 * 8000;

/** Gathers what a phone hears, to be written as a WAV file. */
export class HeardFile {
  #samples = new Int16Array(80_000);
  #length = 0;

  get durationMs(): number {
    return this.#length / 8;
  }

  /** @param samples Borrowed, 8000 Hz. */
  add(samples: Int16Array): void {
    if (this.#length + samples.length > LONGEST_SAMPLES) return;
    if (this.#length + samples.length > this.#samples.length) {
      const grown = new Int16Array(this.#samples.length * 2);
      grown.set(this.#samples);
      this.#samples = grown;
    }
    this.#samples.set(samples, this.#length);
    this.#length += samples.length;
  }

  async write(path: string): Promise<void> {
    await writeWavFile(path, this.#samples.subarray(0, this.#length), { sampleRate: 8000, channels: 1 });
  }
}
