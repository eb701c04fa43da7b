import { ComfortNoise } from './comfort-noise.js';

/** Pitch periods looked for, ms: 200 Hz down to 66 Hz (ITU-T G.711 Appendix I, section I.2.2). */
const MIN_PERIOD_MS = 5;
const MAX_PERIOD_MS = 15;
/** Sound compared to find the period, ms. */
const MATCH_MS = 20;
/** Samples looked at, a millisecond, while the period is searched for: enough to tell pitch. */
const SEARCHED_PER_MS = 4;
/** Invented sound keeps its level this long, then fades to the comfort noise, ms. */
const HOLD_MS = 10;
const FADED_MS = 60;

/** What is heard after a gap fades in over 4 ms, and 4 ms more for each 10 ms that were invented, up to 10 ms. */
const FADE_IN_MS = 4;
const MAX_FADE_IN_MS = 10;

const noSamples = new Int16Array(0);

/**
 * Fills what packets did not bring: goes on with the last pitch period of what was heard, fading to comfort noise within
 * 60 ms, and goes over to what comes after the gap, so that a lost packet is neither a click nor a hole. After the manner of
 * ITU-T G.711 Appendix I, without its delay of 3.75 ms, for 8000 Hz and multiples of it.
 */
export class Concealment {
  readonly #noise: ComfortNoise;
  readonly #perMs: number;
  readonly #minPeriod: number;
  readonly #maxPeriod: number;
  readonly #holdSamples: number;
  readonly #fadedSamples: number;
  /** What was heard last; made, as the template, for the first gap. */
  #history: Int16Array = noSamples;
  /** The last two frames: the history is made of them when a gap needs it. */
  #newer: Int16Array = noSamples;
  #older: Int16Array = noSamples;
  /** The last pitch period before the gap, its end joined to its beginning. */
  #template: Int16Array = noSamples;
  #period: number;
  #inGap = false;
  /** Samples invented since the gap began. */
  #invented = 0;
  /** Samples that the sound after the gap takes to fade in, and how many of them are left. */
  #fadeInSamples = 0;
  #fadeInLeft = 0;

  /** @param noise what gaps fade to; silence when absent */
  constructor(sampleRate = 8000, noise = new ComfortNoise()) {
    this.#noise = noise;
    const perMs = sampleRate / 1000;
    this.#perMs = perMs;
    this.#minPeriod = MIN_PERIOD_MS * perMs;
    this.#maxPeriod = MAX_PERIOD_MS * perMs;
    this.#holdSamples = HOLD_MS * perMs;
    this.#fadedSamples = FADED_MS * perMs;
    this.#period = this.#minPeriod;
  }

  /** A gap has not been left behind yet: the next frame must go through {@link process}, also where nothing is missing. */
  get busy(): boolean {
    return this.#inGap || this.#fadeInLeft > 0;
  }

  /**
   * Replaces samples of a frame, and changes the first after a gap.
   * @param samples where `known` is 0, the content is replaced; lent as for {@link learn}
   * @param known as long as `samples`
   */
  process(samples: Int16Array, known: Uint8Array): void {
    for (let i = 0; i < samples.length; i += 1) {
      if (known[i] !== 1) {
        if (!this.#inGap) this.#beginGap(samples, i);
        samples[i] = this.#invent();
        continue;
      }
      if (this.#inGap) this.#endGap();
      if (this.#fadeInLeft > 0) samples[i] = this.#fadeIn(samples[i] as number);
    }
    this.#remember(samples);
  }

  /**
   * A frame without a gap, after which nothing of an earlier one matters any more.
   * @param samples 20 ms; lent, and not to be changed before two more frames have come
   */
  learn(samples: Int16Array): void {
    this.#inGap = false;
    this.#fadeInLeft = 0;
    this.#remember(samples);
  }

  #beginGap(samples: Int16Array, at: number): void {
    this.#inGap = true;
    this.#invented = 0;
    this.#fadeInLeft = 0;
    if (this.#history === noSamples) this.#makeRoom();
    this.#recall();
    this.#chooseTemplate(samples, at);
  }

  #makeRoom(): void {
    const longest = this.#maxPeriod;
    // A template reaches a quarter of a period further back, for its join.
    const memory = new Int16Array(longest + MATCH_MS * this.#perMs + Math.ceil(1.25 * longest));
    this.#template = memory.subarray(0, longest);
    this.#history = memory.subarray(longest);
  }

  #endGap(): void {
    this.#inGap = false;
    const steps = 1 + Math.floor(this.#invented / this.#holdSamples);
    this.#fadeInSamples = Math.min(steps * FADE_IN_MS, MAX_FADE_IN_MS) * this.#perMs;
    this.#fadeInLeft = this.#fadeInSamples;
  }

  #fadeIn(sample: number): number {
    const weight = this.#fadeInLeft / (this.#fadeInSamples + 1);
    this.#fadeInLeft -= 1;
    return Math.round(sample + (this.#invent() - sample) * weight);
  }

  #invent(): number {
    const invented = this.#invented;
    const faded = this.#fadedSamples;
    if (invented >= faded) return this.#noise.next();
    this.#invented = invented + 1;
    const hold = this.#holdSamples;
    const sample = this.#template[invented % this.#period] as number;
    if (invented < hold) return sample;
    const gain = (faded - invented) / (faded - hold);
    return Math.round(sample * gain + this.#noise.next() * (1 - gain));
  }

  #chooseTemplate(samples: Int16Array, at: number): void {
    const period = this.#findPeriod(samples, at);
    this.#period = period;
    for (let i = 0; i < period; i += 1) this.#template[i] = this.#sample(samples, at - period + i);
    // Its last quarter goes over to what came before its beginning: it can follow itself without a step.
    const quarter = period >> 2;
    for (let i = 0; i < quarter; i += 1) {
      const weight = (i + 1) / (quarter + 1);
      const own = this.#template[period - quarter + i] as number;
      const before = this.#sample(samples, at - period - quarter + i);
      this.#template[period - quarter + i] = Math.round(own + (before - own) * weight);
    }
  }

  /** The sample at `index` of the current frame, or before it. */
  #sample(samples: Int16Array, index: number): number {
    const value = index >= 0 ? samples[index] : this.#history[this.#history.length + index];
    return value ?? 0;
  }

  /** The lag at which the sound before `at` resembles itself most. */
  #findPeriod(samples: Int16Array, at: number): number {
    const step = Math.max(1, this.#perMs / SEARCHED_PER_MS);
    const match = MATCH_MS * this.#perMs;
    let best = this.#maxPeriod;
    let bestScore = 0;
    for (let lag = this.#minPeriod; lag <= this.#maxPeriod; lag += 1) {
      let product = 0;
      let energy = 1;
      for (let back = 1; back <= match; back += step) {
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
    this.#older = this.#newer;
    this.#newer = samples;
  }

  /** The end of the last two frames, which are longer. */
  #recall(): void {
    const history = this.#history;
    history.fill(0);
    this.#place(this.#newer, history.length - this.#newer.length);
    this.#place(this.#older, history.length - this.#newer.length - this.#older.length);
  }

  #place(frame: Int16Array, at: number): void {
    if (at >= 0) this.#history.set(frame, at);
    else this.#history.set(frame.subarray(-at));
  }
}
