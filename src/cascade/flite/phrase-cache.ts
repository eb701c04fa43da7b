import type { Synthesis } from './synthesise.mjs';

/** Recently spoken pieces, the least recently used leaving first. Bounded by their samples. */
export class PhraseCache {
  readonly #maxSamples: number;
  readonly #phrases = new Map<string, Synthesis>();
  #samples = 0;

  constructor(maxSamples: number) {
    this.#maxSamples = maxSamples;
  }

  get(text: string): Synthesis | undefined {
    const found = this.#phrases.get(text);
    if (found === undefined) return undefined;
    this.#phrases.delete(text);
    this.#phrases.set(text, found);
    return found;
  }

  set(text: string, speech: Synthesis): void {
    if (speech.pcm.length > this.#maxSamples) return;
    this.#delete(text);
    this.#phrases.set(text, speech);
    this.#samples += speech.pcm.length;
    for (const oldest of this.#phrases.keys()) {
      if (this.#samples <= this.#maxSamples) break;
      this.#delete(oldest);
    }
  }

  #delete(text: string): void {
    this.#samples -= this.#phrases.get(text)?.pcm.length ?? 0;
    this.#phrases.delete(text);
  }
}
