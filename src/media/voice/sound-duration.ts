/** Samples of 5 ms at 4000 Hz. */
const BLOCK_SAMPLES = 20;
const BLOCK_MS = 5;
const BLOCKS_IN_FRAME = 4;

/** A block belongs to a sound when it stands above the surroundings and no further below the loudest block. */
const BELOW_PEAK_DB = 15;

/** Steps of the ambient level, which four fifths of the blocks of noise stay below, dB. */
const RISE_DB = 0.08;
const FALL_DB = 0.02;
/** Far below (8 dB), it falls faster by this much for each dB. */
const FAR_BELOW_DB = 8;
const FAST_FALL = 0.01;

/**
 * Measures how long a sound lasts more finely than frames of 20 ms can tell: a cough of 50 ms touches four of them.
 * Looks at the power of 5 ms blocks within a window that ends now.
 */
export class SoundDuration {
  readonly #levelsDb: Float64Array;
  #ambientDb = Number.NaN;
  /** Frames of silence in succession, as far as the window reaches back. */
  #silentFrames = 0;

  /** @param windowFrames frames of 20 ms that the window spans */
  constructor(windowFrames: number) {
    this.#levelsDb = new Float64Array(windowFrames * BLOCKS_IN_FRAME);
  }

  /**
   * Takes the next 20 ms at 4000 Hz.
   * @param weight how much of it is to be learnt as surroundings, 0 to 1
   */
  push(samples: Float64Array, weight: number): void {
    this.#silentFrames = 0;
    const levels = this.#levelsDb;
    const kept = levels.length - BLOCKS_IN_FRAME;
    for (let i = 0; i < kept; i += 1) levels[i] = levels[BLOCKS_IN_FRAME + i] as number;
    for (let block = 0; block < BLOCKS_IN_FRAME; block += 1) {
      let power = 0;
      for (let i = block * BLOCK_SAMPLES; i < (block + 1) * BLOCK_SAMPLES; i += 1) power += (samples[i] as number) ** 2;
      const db = 10 * Math.log10(power / BLOCK_SAMPLES + 1);
      levels[kept + block] = db;
      if (Number.isNaN(this.#ambientDb)) this.#ambientDb = db;
      if (weight > 0) this.#learn(db - this.#ambientDb, weight);
    }
  }

  /** Takes 20 ms of digital silence. `weight` as for {@link push}. */
  pushSilence(weight: number): void {
    const levels = this.#levelsDb;
    if (this.#silentFrames * BLOCKS_IN_FRAME < levels.length) {
      this.#silentFrames += 1;
      levels.copyWithin(0, BLOCKS_IN_FRAME);
      levels.fill(0, levels.length - BLOCKS_IN_FRAME);
    }
    if (Number.isNaN(this.#ambientDb)) this.#ambientDb = 0;
    if (weight === 0) return;
    for (let block = 0; block < BLOCKS_IN_FRAME; block += 1) this.#learn(-this.#ambientDb, weight);
  }

  /** Whether the sound in the window has lasted longer than `ms`, certainly: blocks that it only touches do not count. */
  exceeds(ms: number): boolean {
    const levels = this.#levelsDb;
    let peak = 0;
    for (let i = 0; i < levels.length; i += 1) peak = Math.max(peak, levels[i] as number);
    const threshold = Math.max(this.#ambientDb, peak - BELOW_PEAK_DB);
    let count = 0;
    for (let i = 0; i < levels.length; i += 1) if ((levels[i] as number) >= threshold) count += 1;
    return count * BLOCK_MS > ms;
  }

  #learn(excessDb: number, weight: number): void {
    this.#ambientDb += excessDb > 0 ? RISE_DB * weight : -FALL_DB - Math.max(0, -excessDb - FAR_BELOW_DB) * FAST_FALL;
  }
}
