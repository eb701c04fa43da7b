/**
 * Counts how long a caller has given no sign of life: no voiced frame, no digit. Time in which the agent speaks does
 * not count, nor does hold: no frame is shown to it then.
 */
export class SilenceWatch {
  readonly #limitMs: number;
  #silentMs = 0;
  #reported = false;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** One 20 ms frame. True when the limit is reached, once until the next sign. */
  onFrame(voiced: boolean, agentSpeaking: boolean): boolean {
    if (voiced) {
      this.#silentMs = 0;
      return false;
    }
    if (agentSpeaking || this.#reported) return false;
    this.#silentMs += 20;
    if (this.#silentMs < this.#limitMs) return false;
    this.#reported = true;
    return true;
  }

  onSign(): void {
    this.#silentMs = 0;
    this.#reported = false;
  }
}
