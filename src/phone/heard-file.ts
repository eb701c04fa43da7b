import { writeWavFile } from '../media/wav-file.js';

/** Longest recording kept, s. */
const LONGEST_SECONDS = 3600;
/** Room at first, s. */
const FIRST_SECONDS = 10;

/** Gathers what a phone hears, to be written as a WAV file. */
export class HeardFile {
  readonly #sampleRate: number;
  #samples: Int16Array;
  #length = 0;

  /** @param sampleRate Of everything it is given, Hz. */
  constructor(sampleRate = 8000) {
    this.#sampleRate = sampleRate;
    this.#samples = new Int16Array(FIRST_SECONDS * sampleRate);
  }

  get durationMs(): number {
    return (this.#length * 1000) / this.#sampleRate;
  }

  /** @param samples Borrowed. */
  add(samples: Int16Array): void {
    if (this.#length + samples.length > LONGEST_SECONDS * this.#sampleRate) return;
    if (this.#length + samples.length > this.#samples.length) {
      const grown = new Int16Array(this.#samples.length * 2);
      grown.set(this.#samples);
      this.#samples = grown;
    }
    this.#samples.set(samples, this.#length);
    this.#length += samples.length;
  }

  async write(path: string): Promise<void> {
    await writeWavFile(path, this.#samples.subarray(0, this.#length), { sampleRate: this.#sampleRate, channels: 1 });
  }
}
