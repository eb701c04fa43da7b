import { FRAME_MS } from '../media/engine.js';
export interface SilenceWatchOptions {
  /** Silence that ends the call, ms. */
  readonly limitMs: number;
  /** Silence after which the caller is asked whether they are there, and asked again, ms. */
  readonly repromptMs: number;
  /** The same before the first question to somebody who has not been heard yet, ms. Default: `repromptMs`. */
  readonly firstMs?: number | undefined;
  /** How often they are asked. When nothing came of the last time either, the limit counts as reached. */
  readonly reprompts: number;
  /** Nothing counts before {@link SilenceWatch.onAnswered}: the caller does not hear us yet. Default false. */
  readonly waits?: boolean;
}

/** What is to be done about the silence. */
export type SilenceDecision = 'reprompt' | 'limit' | undefined;

/**
 * Counts how long a caller has given no sign of life: no voiced frame, no digit. Time in which the agent speaks, or is
 * about to, does not count, nor does hold: no frame is shown to it then. Pure.
 */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  #silentMs = 0;
  /** Since the caller's last sign, the last question, or the agent's last word. */
  #unaskedMs = 0;
  #asked = 0;
  #reported = false;
  /** The caller has spoken, or pressed a key: a click on the line is no word. */
  #known = false;
  #waits: boolean;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.#waits = options.waits ?? false;
  }

  /** How often the caller has been asked since their last sign. */
  get asked(): number {
    return this.#asked;
  }

  /** The limit was reached, and no sign has come since. */
  get reported(): boolean {
    return this.#reported;
  }

  /** One frame. `limit` is said once until the next sign. Hot path. */
  onFrame(voiced: boolean, agentBusy: boolean): SilenceDecision {
    if (this.#waits) return undefined;
    if (voiced) {
      this.#silentMs = 0;
      this.#unaskedMs = 0;
      this.#asked = 0;
      return undefined;
    }
    if (agentBusy || this.#reported) {
      this.#unaskedMs = 0;
      return undefined;
    }
    this.#silentMs += FRAME_MS;
    this.#unaskedMs += FRAME_MS;
    const { limitMs, repromptMs, firstMs = repromptMs, reprompts } = this.#options;
    const asksInVain = reprompts > 0 && this.#asked >= reprompts && this.#unaskedMs >= repromptMs;
    if (this.#silentMs >= limitMs || asksInVain) {
      this.#reported = true;
      return 'limit';
    }
    const dueMs = this.#known || this.#asked > 0 ? repromptMs : firstMs;
    if (this.#asked >= reprompts || this.#unaskedMs < dueMs) return undefined;
    this.#asked += 1;
    this.#unaskedMs = 0;
    return 'reprompt';
  }

  /** A word, a key, the end of a hold. */
  onSign(): void {
    this.#known = true;
    this.#restart();
  }

  /** The count begins. */
  onAnswered(): void {
    this.#waits = false;
    this.#restart();
  }

  #restart(): void {
    this.#silentMs = 0;
    this.#unaskedMs = 0;
    this.#asked = 0;
    this.#reported = false;
  }
}
