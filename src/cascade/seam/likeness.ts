import { BANDS, type Frame } from './spectrum.js';

/** A level so far below the loudest is silence, dB. */
const SILENCE_DB = 32;

/** Frames beside others of the same voice, in rows of numbers: they are compared a million times. */
export class Sounds {
  /** What is constant in the voice is taken off: {@link BANDS} of each. */
  readonly shapes: Float32Array;
  /** Below the loudest, dB. */
  readonly levels: Float64Array;
  /** 0: silence, 1: a sound. */
  readonly presences: Float64Array;
  /** Squares of the shapes' lengths. */
  readonly norms: Float64Array;

  constructor(count: number) {
    this.shapes = new Float32Array(count * BANDS);
    this.levels = new Float64Array(count);
    this.presences = new Float64Array(count);
    this.norms = new Float64Array(count);
  }

  /** @param mean the sound of the voice, see `VoiceMean` */
  set(at: number, { shape, levelDb }: Frame, loudestDb: number, mean: Float32Array): void {
    let norm = 1e-9;
    for (let band = 0; band < BANDS; band += 1) {
      const place = at * BANDS + band;
      this.shapes[place] = (shape[band] as number) - (mean[band] as number);
      norm += (this.shapes[place] as number) * (this.shapes[place] as number);
    }
    const level = Math.max(-SILENCE_DB, levelDb - loudestDb);
    this.levels[at] = level;
    this.presences[at] = Math.min(1, (level + SILENCE_DB) / (SILENCE_DB / 2));
    this.norms[at] = norm;
  }
}

/** How two renderings of a text are compared, and what a comparison costs. */
export interface Likeness {
  /**
   * How far apart each of some sounds and another are: 0, the same; about 1, nothing in common.
   *
   * @param other the first of these
   * @param out of the sounds from `from` to `to`, both included, at the same indexes
   */
  distances(sounds: Sounds, from: number, to: number, other: Sounds, out: Float64Array): void;
  /** What a match of the same words costs a frame, about: the price of leaving frames at the beginning out. */
  readonly typicalCost: number;
  /** How strongly the place is believed at which the text says that the new rendering begins. */
  readonly placeCost: number;
  /** Added for a frame of the new rendering that is passed over, and for one of the old that is stretched. */
  readonly warpCost: number;
  /** How strongly the tempo is believed that the new rendering is expected to have. */
  readonly tempoCost: number;
  /** Mean cost of a match up to which it is believed; and of one that is no doubtful one. */
  readonly believedCost: number;
  readonly plainCost: number;
  /** Mean cost of the frames of a match that needs no more proof. */
  readonly sureCost: number;
}

/** Levels so far apart cost as much as shapes that have nothing in common, dB. */
const LEVEL_SPREAD_DB = 16;
/** Shapes at right angles. */
const ANGLE_COST = 0.8;

/** One voice, at another tempo. */
export const oneVoice: Likeness = {
  typicalCost: 0.55,
  placeCost: 1,
  warpCost: 0.08,
  tempoCost: 4,
  believedCost: 0.62,
  plainCost: 0.5,
  sureCost: 0.42,
  distances({ shapes, levels, presences }, from, to, other, out) {
    const { shapes: otherShape } = other;
    const [level, presence] = [other.levels[0] as number, other.presences[0] as number];
    for (let at = from; at <= to; at += 1) {
      const place = at * BANDS;
      let sum = 0;
      for (let band = 0; band < BANDS; band += 1) {
        sum += Math.abs((shapes[place + band] as number) - (otherShape[band] as number));
      }
      out[at] = weighed(sum / BANDS / 2, presences[at] as number, presence, levels[at] as number, level);
    }
  },
};

/** Two voices. They differ in how strongly they shape a sound, more than in how: the angle between shapes counts. */
export const twoVoices: Likeness = {
  typicalCost: 0.7,
  placeCost: 12,
  warpCost: 0.1,
  tempoCost: 4,
  believedCost: 0.9,
  plainCost: 0.6,
  sureCost: 0.4,
  distances({ shapes, levels, presences, norms }, from, to, other, out) {
    const { shapes: otherShape } = other;
    const [level, presence, norm] = [other.levels[0] as number, other.presences[0] as number, other.norms[0] as number];
    for (let at = from; at <= to; at += 1) {
      const place = at * BANDS;
      let product = 0;
      for (let band = 0; band < BANDS; band += 1) {
        product += (shapes[place + band] as number) * (otherShape[band] as number);
      }
      const apart = ANGLE_COST * (1 - product / Math.sqrt((norms[at] as number) * norm));
      out[at] = weighed(apart, presences[at] as number, presence, levels[at] as number, level);
    }
  },
};

/** Shapes count where both are sounds. */
function weighed(shapes: number, presence: number, otherPresence: number, level: number, otherLevel: number): number {
  return shapes * Math.min(presence, otherPresence) + Math.abs(level - otherLevel) / LEVEL_SPREAD_DB / 2;
}
