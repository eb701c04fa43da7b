import type { Clock } from '../../../base/clock.js';

/** Less speech than this may be about nothing, ms. */
const TELLING_MS = 1_000;

/** A connection may stand and nobody listen: then speech is sent, and no word of it is ever understood. */
export class DeafWatch {
  readonly #clock: Clock;
  readonly #answerTimeoutMs: number;
  /** Speech sent since there was an answer, ms, and since when. */
  #unheardMs = 0;
  #sinceMs = 0;

  /** @param answerTimeoutMs after so much time of speech without an answer nobody listens */
  constructor(clock: Clock, answerTimeoutMs: number) {
    this.#clock = clock;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  /** Something was said, or another connection begins. */
  answered(): void {
    this.#unheardMs = 0;
  }

  /** Audio was sent, with so much of somebody's voice in it, ms. True: nobody listens. */
  sent(voicedMs: number): boolean {
    const nowMs = this.#clock.now();
    // Only from the first voice on: silence may pass without a word.
    if (this.#unheardMs === 0) this.#sinceMs = nowMs;
    this.#unheardMs += voicedMs;
    return this.#unheardMs >= TELLING_MS && nowMs - this.#sinceMs >= this.#answerTimeoutMs;
  }
}
