const OPEN = '<think>';
const CLOSE = '</think>';

/**
 * Takes out the reasoning that models on servers of one's own write before their answer, between `<think>` and
 * `</think>`: it must never be spoken. Only at the very beginning; a model that speaks of the sign later is let speak.
 */
export class ThinkFilter {
  #state: 'beginning' | 'thinking' | 'answer' = 'beginning';
  #held = '';

  /** What may be said of this part. */
  push(part: string): string {
    if (this.#state === 'answer') return part;
    this.#held += part;
    if (this.#state === 'beginning') {
      const begun = this.#held.trimStart();
      if (begun.length < OPEN.length && OPEN.startsWith(begun)) return '';
      if (!begun.startsWith(OPEN)) return this.#answer(this.#held);
      this.#state = 'thinking';
      this.#held = begun.slice(OPEN.length);
    }
    const end = this.#held.indexOf(CLOSE);
    if (end >= 0) return this.#answer(this.#held.slice(end + CLOSE.length).trimStart());
    // Only what may be the beginning of the closing sign is needed.
    this.#held = this.#held.slice(-(CLOSE.length - 1));
    return '';
  }

  /** What was held back and turned out to be the answer. */
  finish(): string {
    return this.#state === 'beginning' ? this.#answer(this.#held) : '';
  }

  #answer(text: string): string {
    this.#state = 'answer';
    this.#held = '';
    return text;
  }
}
