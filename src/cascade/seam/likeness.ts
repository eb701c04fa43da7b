/** A frame beside others of the same voice. */
export interface Sound {
  /** What is constant in the voice is taken off. */
  readonly shape: Float32Array;
  /** Below the loudest, dB. */
  readonly level: number;
  /** 0: silence, 1: a sound. */
  readonly presence: number;
}

/** How two renderings of a text are compared, and what a comparison costs. */
export interface Likeness {
  /** 0: the same; about 1: nothing in common. */
  distance(one: Sound, other: Sound): number;
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
  distance(one, other) {
    let sum = 0;
    for (let band = 0; band < one.shape.length; band += 1) {
      sum += Math.abs((one.shape[band] as number) - (other.shape[band] as number));
    }
    return weighed(sum / one.shape.length / 2, one, other);
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
  distance(one, other) {
    let product = 0;
    let [norm, otherNorm] = [1e-9, 1e-9];
    for (let band = 0; band < one.shape.length; band += 1) {
      const [here, there] = [one.shape[band] as number, other.shape[band] as number];
      product += here * there;
      norm += here * here;
      otherNorm += there * there;
    }
    return weighed(ANGLE_COST * (1 - product / Math.sqrt(norm * otherNorm)), one, other);
  },
};

/** Shapes count where both are sounds. */
function weighed(shapes: number, one: Sound, other: Sound): number {
  return shapes * Math.min(one.presence, other.presence) + Math.abs(one.level - other.level) / LEVEL_SPREAD_DB / 2;
}
