/** Samples that are collected until there are enough of them, or of which the latest are kept. */
export class SampleBatch {
  readonly #enough: number;
  #parts: Int16Array[] = [];
  #length = 0;

  constructor(enough: number) {
    this.#enough = enough;
  }

  /** Copies; whether there are enough now. */
  add(samples: Int16Array): boolean {
    this.#parts.push(samples.slice());
    this.#length += samples.length;
    return this.#length >= this.#enough;
  }

  /** Copies, and drops the oldest as soon as there are enough without them. */
  keep(samples: Int16Array): void {
    this.add(samples);
    for (let first = this.#parts[0]; first && this.#length - first.length >= this.#enough; first = this.#parts[0]) {
      this.#parts.shift();
      this.#length -= first.length;
    }
  }

  /** All of them, which are forgotten. */
  take(): Int16Array {
    const all = new Int16Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    this.#length = 0;
    return all;
  }
}
