import { WAV_HEADER_BYTES, wavHeader } from '../../../audio/wav-header.js';

const FIRST_MS = 2_000;

/** The sound of a segment, as it grows. Mono, 16 bits. */
export class SegmentAudio {
  readonly #sampleRate: number;
  #samples: Int16Array;
  #length = 0;

  /** @param sampleRate Hz */
  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
    this.#samples = new Int16Array((FIRST_MS * sampleRate) / 1_000);
  }

  get durationMs(): number {
    return (this.#length * 1_000) / this.#sampleRate;
  }

  append(samples: Int16Array): void {
    const length = this.#length + samples.length;
    if (length > this.#samples.length) {
      const grown = new Int16Array(Math.max(2 * this.#samples.length, length));
      grown.set(this.#samples.subarray(0, this.#length));
      this.#samples = grown;
    }
    this.#samples.set(samples, this.#length);
    this.#length = length;
  }

  /** Returns everything from `fromMs` on as another, and takes away everything from `untilMs` on. */
  split(fromMs: number, untilMs: number): SegmentAudio {
    const rest = new SegmentAudio(this.#sampleRate);
    rest.append(this.#samples.subarray(this.#indexOf(fromMs), this.#length));
    this.#length = this.#indexOf(untilMs);
    return rest;
  }

  #indexOf(ms: number): number {
    return Math.max(0, Math.min(this.#length, Math.round((ms * this.#sampleRate) / 1_000)));
  }

  /** A copy of all of it, as a file. */
  toWav(): Buffer {
    const dataBytes = this.#length * 2;
    const file = Buffer.allocUnsafe(WAV_HEADER_BYTES + dataBytes);
    file.set(wavHeader({ sampleRate: this.#sampleRate, channels: 1, dataBytes }));
    for (let i = 0; i < this.#length; i += 1) file.writeInt16LE(this.#samples[i] as number, WAV_HEADER_BYTES + 2 * i);
    return file;
  }
}
