import { designHalfFilter, filterReach, phaseTaps, type Tap } from './resampler-filter.js';

/** What `resampler-simd.wat` is told about a ratio. */
export interface SimdPlan {
  readonly up: number;
  readonly down: number;
  /** Input samples before a block that its outputs need. */
  readonly historySamples: number;
  /** By the place of an output modulo `up`: which of a period it is. */
  readonly turns: Int32Array;
  /** The first sample that the first output of a period needs, from the sample at its place. Negative. */
  readonly firstSample: number;
  /** As the module reads it. */
  readonly words: Int32Array;
}

/** Where the planes are, and for how many outputs of a phase together they have room. */
export interface PlaneRoom {
  readonly address: number;
  readonly outputs: number;
}

/** Lays out the filter for `up / down`: the same coefficients as elsewhere, opposite ones folded where the filter is symmetric about an output. */
export function createSimdPlan(up: number, down: number, room: PlaneRoom): SimdPlan {
  const half = designHalfFilter(up, down);
  const phases = Array.from({ length: up }, (_, turn) => {
    const phase = (turn * down) % up;
    return { phase, ahead: Math.floor((turn * down) / up), taps: phaseTaps(half, up, phase) };
  });
  const places = phases.flatMap(({ ahead, taps }) => taps.map(({ distance }) => ahead + distance));
  const first = Math.min(...places);
  const extra = multipleOfFour(Math.floor((Math.max(...places) - first) / down) + 1);
  const planeBytes = 4 * (room.outputs + extra);
  const writer = new WordWriter();
  for (const word of [up, down, planeBytes, extra, room.address]) writer.integer(word);
  for (const { phase, ahead, taps } of phases) {
    const sampleAt = (distance: number): number => {
      const place = ahead + distance - first;
      return (place % down) * planeBytes + 4 * Math.floor(place / down);
    };
    const { folded, single } = fold(taps, phase, up);
    writer.integer(folded.length);
    writer.integer(single.length);
    for (const { coefficient, distance } of folded) {
      writer.float(coefficient);
      writer.integer(sampleAt(distance));
      writer.integer(sampleAt(opposite(distance, phase)));
    }
    for (const { coefficient, distance } of single) {
      writer.float(coefficient);
      writer.integer(sampleAt(distance));
    }
  }
  const turns = new Int32Array(up);
  for (const [turn, { phase }] of phases.entries()) turns[phase] = turn;
  const firstSample = first - filterReach(up, down);
  return { up, down, turns, firstSample, historySamples: down - firstSample, words: writer.words() };
}

function opposite(distance: number, phase: number): number {
  return (phase === 0 ? 0 : 1) - distance;
}

/** Small coefficients first: added up so, the least is lost to rounding. */
function fold(taps: readonly Tap[], phase: number, up: number): { folded: readonly Tap[]; single: readonly Tap[] } {
  const outer = taps.toSorted((a, b) => Math.abs(b.distance * up - phase) - Math.abs(a.distance * up - phase));
  if (phase !== 0 && 2 * phase !== up) return { folded: [], single: outer };
  return {
    folded: outer.filter(({ distance }) => distance > opposite(distance, phase)),
    single: outer.filter(({ distance }) => distance === opposite(distance, phase)),
  };
}

function multipleOfFour(count: number): number {
  return 4 * Math.ceil(count / 4);
}

class WordWriter {
  readonly #values: { readonly value: number; readonly isFloat: boolean }[] = [];

  integer(value: number): void {
    this.#values.push({ value, isFloat: false });
  }

  float(value: number): void {
    this.#values.push({ value, isFloat: true });
  }

  words(): Int32Array {
    const words = new Int32Array(this.#values.length);
    const floats = new Float32Array(words.buffer);
    for (const [index, { value, isFloat }] of this.#values.entries()) (isFloat ? floats : words)[index] = value;
    return words;
  }
}
