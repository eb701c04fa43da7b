/** Pitch periods looked for: 200 Hz down to 66 Hz at 8000 Hz (ITU-T G.711 Appendix I, section I.2.2). */
const MIN_PERIOD = 40;
const MAX_PERIOD = 120;
/** Samples compared to find the period. */
const MATCH_SAMPLES = 160;
const HISTORY_SAMPLES = MATCH_SAMPLES + MAX_PERIOD;
/** Invented sound keeps its level this long, then fades to nothing, samples: 10 ms and 60 ms. */
const HOLD_SAMPLES = 80;
const FADED_SAMPLES = 480;

/**
 * Fills what packets did not bring: goes on with the last pitch period of what was heard, fading out within 60 ms, so
 * that a lost packet is neither a click nor a hole. After the manner of ITU-T G.711 Appendix I, 8000 Hz.
 */
export class Concealment {
  readonly #history = new Int16Array(HISTORY_SAMPLES);
  /** The last pitch period before the gap. */
  readonly #template = new Int16Array(MAX_PERIOD);
  #period = MIN_PERIOD;
  /** Samples invented in the current gap. */
  #invented = 0;

  /**
   * Replaces samples of a frame.
   * @param samples where `known` is 0, the content is replaced
   * @param known as long as `samples`
   */
  process(samples: Int16Array, known: Uint8Array): void {
    for (let i = 0; i < samples.length; i += 1) {
      if (known[i] === 1) {
        this.#invented = 0;
      } else {
        if (this.#invented === 0) this.#chooseTemplate(samples, i);
        samples[i] = this.#invent();
      }
    }
    this.#remember(samples);
  }

  /** A frame without a gap. */
  learn(samples: Int16Array): void {
    this.#invented = 0;
    this.#remember(samples);
  }

  #invent(): number {
    const invented = this.#invented;
    if (invented >= FADED_SAMPLES) return 0;
    this.#invented = invented + 1;
    const gain = invented < HOLD_SAMPLES ? 1 : (FADED_SAMPLES - invented) / (FADED_SAMPLES - HOLD_SAMPLES);
    return Math.round((this.#template[invented % this.#period] as number) * gain);
  }

  #chooseTemplate(samples: Int16Array, at: number): void {
    this.#period = this.#findPeriod(samples, at);
    for (let i = 0; i < this.#period; i += 1) this.#template[i] = this.#sample(samples, at - this.#period + i);
  }

  /** The sample at `index` of the current frame, or before it. */
  #sample(samples: Int16Array, index: number): number {
    const value = index >= 0 ? samples[index] : this.#history[HISTORY_SAMPLES + index];
    return value ?? 0;
  }

  /** The lag at which the sound before `at` resembles itself most. */
  #findPeriod(samples: Int16Array, at: number): number {
    let best = MAX_PERIOD;
    let bestScore = 0;
    for (let lag = MIN_PERIOD; lag <= MAX_PERIOD; lag += 1) {
      let product = 0;
      let energy = 1;
      for (let back = 1; back <= MATCH_SAMPLES; back += 2) {
        const earlier = this.#sample(samples, at - back - lag);
        product += this.#sample(samples, at - back) * earlier;
        energy += earlier * earlier;
      }
      const score = product > 0 ? (product * product) / energy : 0;
      if (score > bestScore) {
        bestScore = score;
        best = lag;
      }
    }
    return best;
  }

  #remember(samples: Int16Array): void {
    this.#history.copyWithin(0, samples.length);
    this.#history.set(samples, HISTORY_SAMPLES - samples.length);
  }
}
