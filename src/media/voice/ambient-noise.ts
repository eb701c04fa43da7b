/** Edges of the 14 bands, in bins of 31.25 Hz: 280 to 3440 Hz, each about a sixth wider than the one below. */
const BAND_EDGES = [9, 12, 15, 18, 22, 26, 31, 36, 42, 48, 56, 64, 74, 86, 110] as const;
const BANDS = BAND_EDGES.length - 1;
const FIRST_BIN = BAND_EDGES[0];
const END_BIN = 110;

/** Added to the power of a bin, square LSB: -77 dBFS, so that digital silence has a logarithm. */
const BIN_FLOOR = 20;
/** Of a power: its natural logarithm, by decibel. */
const NEPERS_PER_DB = Math.LN10 / 10;
const BIN_FLOOR_DB = 10 * Math.log10(BIN_FLOOR);

/** One bin of a spectrum of 256 holds twice the mean square, over 256 bins; full scale is 2^15. */
const LEVEL_OFFSET_DB = 10 * Math.log10(128 * 32_768 ** 2);

/** The bands from this one on lie above 1500 Hz. */
const FIRST_HIGH_BAND = 9;

/** No band counts for more than this in the excess, dB, so that a single tone is not mistaken for broad-band sound. */
const MAX_BAND_EXCESS_DB = 15;

/** Beyond this a quantile falls faster, by so much of what lies beyond, dB. */
const FAR_BELOW_DB = 8;
const FAST_FALL = 0.04;

/** Weight of a frame in the share of bands that lie above what is known of the noise: half of it comes of the last 0.3 s. */
const RISE_WEIGHT = 0.05;
/** Noise that is known has a seventh of its bands above. More than this, and it has become louder and is being learnt. */
const RISING_SHARE = 0.5;

/** In the first frames of a call, when nothing is known yet. */
const CALIBRATION_SPEED = 3;

/** How the frame compares with what is usual between utterances. */
export interface Loudness {
  /** RMS of the telephone band, dBFS. */
  levelDb: number;
  /** `levelDb` over the level that four fifths of the noise frames stay below. */
  levelExcessDb: number;
  /** Mean over the bands of what lies above the level usual in each, dB: 0 to 15. Noise alone: about 0.1, seldom 1. */
  bandExcessDb: number;
}

/**
 * Knows the sound that a caller's surroundings make, band by band, and what of a frame stands out of it. Everything is
 * a quantile tracker, so neither the kind of the noise nor its level matters, and a rise of 20 dB is learnt in a second.
 */
export class AmbientNoise {
  /** The level of each band; the two behind it lie in the same memory. */
  readonly #bandDb = new Float64Array(3 * BANDS);
  /** The same as mean power of a bin, square LSB, with the floor. */
  readonly #bandPower = this.#bandDb.subarray(BANDS, 2 * BANDS);
  readonly #ambientDb = this.#bandDb.subarray(2 * BANDS).fill(BIN_FLOOR_DB);
  #levelAmbientDb = Number.NaN;
  #usualExcessDb = 0.6;
  #shareAbove = 0;
  readonly #loudness: Loudness = { levelDb: 0, levelExcessDb: 0, bandExcessDb: 0 };

  /** What 97 % of the noise frames have as their `bandExcessDb`: high in a babble of voices, low in steady noise. */
  get usualExcessDb(): number {
    return this.#usualExcessDb;
  }

  /** Compares a frame's power spectrum with the ambient noise. The result is reused. */
  compare(power: Float64Array, isFirst: boolean): Loudness {
    let sum = 0;
    for (let bin = FIRST_BIN; bin < END_BIN; bin += 1) sum += power[bin] as number;
    const levelDb = 10 * Math.log10(sum + 1e-3) - LEVEL_OFFSET_DB;
    let excess = 0;
    let above = 0;
    for (let band = 0; band < BANDS; band += 1) {
      const from = BAND_EDGES[band] as number;
      const to = BAND_EDGES[band + 1] as number;
      let bandPower = 0;
      for (let bin = from; bin < to; bin += 1) bandPower += power[bin] as number;
      const binPower = bandPower / (to - from) + BIN_FLOOR;
      const db = 10 * Math.log10(binPower);
      this.#bandPower[band] = binPower;
      this.#bandDb[band] = db;
      if (isFirst) this.#ambientDb[band] = db;
      const bandExcess = db - (this.#ambientDb[band] as number);
      if (bandExcess <= 0) continue;
      above += 1;
      excess += Math.min(bandExcess, MAX_BAND_EXCESS_DB);
    }
    this.#shareAbove += RISE_WEIGHT * (above / BANDS - this.#shareAbove);
    if (Number.isNaN(this.#levelAmbientDb)) this.#levelAmbientDb = Math.min(levelDb, -35);
    this.#loudness.levelDb = levelDb;
    this.#loudness.levelExcessDb = levelDb - this.#levelAmbientDb;
    this.#loudness.bandExcessDb = excess / BANDS;
    return this.#loudness;
  }

  /** Whether most of what stands out of the noise in the frame last compared lies above 1500 Hz, as in "s" or "f". */
  hisses(): boolean {
    let low = 0;
    let high = 0;
    for (let band = 0; band < BANDS; band += 1) {
      const width = (BAND_EDGES[band + 1] as number) - (BAND_EDGES[band] as number);
      const ambientDb = this.#ambientDb[band] as number;
      if ((this.#bandDb[band] as number) <= ambientDb) continue;
      const above = (this.#bandPower[band] as number) - Math.exp(ambientDb * NEPERS_PER_DB);
      if (band < FIRST_HIGH_BAND) low += width * above;
      else high += width * above;
    }
    return high > low;
  }

  /** Learns the bands of the frame last compared as noise. */
  learnBands(calibrating: boolean): void {
    const speed = calibrating ? CALIBRATION_SPEED : 1;
    for (let band = 0; band < BANDS; band += 1) {
      const ambient = this.#ambientDb[band] as number;
      this.#ambientDb[band] = ambient + quantileStep((this.#bandDb[band] as number) - ambient, 0.425 * speed, 0.075);
    }
  }

  /** Learns the level of the frame last compared; `weight` below 1 where it may have been speech. */
  learnLevel(weight: number): void {
    this.#levelAmbientDb += quantileStep(this.#loudness.levelExcessDb, 0.32 * weight, 0.08);
  }

  /**
   * Learns how far noise stands out of itself. Noise that sets in, or becomes louder, stands out of what was there before:
   * that says nothing of how it varies, and would be believed for a minute.
   */
  learnExcess(): void {
    if (this.#shareAbove > RISING_SHARE) return;
    const above = this.#loudness.bandExcessDb > this.#usualExcessDb;
    this.#usualExcessDb = Math.min(this.#usualExcessDb + (above ? 0.0388 : -0.0012), 3);
  }
}

/**
 * A running quantile in dB: rises by `riseDb` whenever the value lies above it and falls by `fallDb` when below, so it
 * settles where a share of `fall / (rise + fall)` lies above. When the value stays far below, it falls faster: of a
 * noise that has ended, half a second leaves 8 dB, and the rest goes at 4 dB a second.
 */
function quantileStep(excessDb: number, riseDb: number, fallDb: number): number {
  return excessDb > 0 ? riseDb : -fallDb - Math.max(0, -excessDb - FAR_BELOW_DB) * FAST_FALL;
}
