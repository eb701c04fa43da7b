import type { Likeness, Sound } from './likeness.js';
import type { Frame } from './spectrum.js';

/** A level so far below the loudest is silence, dB. */
const SILENCE_DB = 32;
export interface AlignmentStart {
  /** The new rendering begins at a frame of the old one from here … */
  readonly from: number;
  /** … up to here, … */
  readonly until: number;
  /** … and most likely here, give or take `spread`. Frames all. */
  readonly expected: number;
  readonly spread: number;
  /** Level of the loudest of the new rendering that has come already, dB. Absent: found as it is looked at. */
  readonly loudestDb?: number;
  /** So many times as long as the old rendering the new one is, most likely, give or take `spread`. Absent: of any length. */
  readonly tempo?: { readonly ratio: number; readonly spread: number };
}

export interface Match {
  /** Mean cost of a frame, those left out included: below 0.6 where both say the same in much the same way. */
  readonly cost: number;
  /** The same of the frames that match alone: what is left out says nothing for a match. */
  readonly ownCost: number;
  /** Where the new rendering begins in the old one, frames. */
  readonly start: number;
  /** The frame of the new rendering for one of the old, from `start` on. */
  at(frame: number): number;
  /** More of the new rendering would not change it. */
  readonly settled: boolean;
}

/** How many frames must follow the end of a match that is settled, and how much worse the last of them end. */
const SETTLED_FRAMES = 12;
const SETTLED_COST = 0.04;

/** The end of a match is uncertain by so much, whatever its tempo, frames. */
const TEMPO_FRAMES = 8;

type Move = 0 | 1 | 2 | 3 | 4;
/** `none`, `begin`, then how far it came: old and new by one; old by one, new by two; old by two, new by one. */
const [NONE, BEGIN, EVEN, SKIP, STRETCH] = [0, 1, 2, 3, 4] as const satisfies readonly Move[];

/**
 * Finds the end of a rendering that broke off in another one that begins with words before that end: dynamic time warping
 * with a free start in the old one and a free end in the new one, column by column as the new one comes.
 */
export class Aligner {
  readonly #heard: readonly Sound[];
  readonly #start: AlignmentStart;
  readonly #voice: VoiceMean;
  readonly #likeness: Likeness;
  readonly #columns: Column[] = [];
  readonly #sounds: Sound[] = [];
  #loudest: number;
  #begun = false;
  /** Frames of silence before the new rendering's first sound. */
  #lead = 0;

  /**
   * @param heard the frames of the rendering that broke off, to its end
   * @param voices what is constant in the two voices: who speaks is no matter, what is said is
   */
  constructor(
    heard: readonly Frame[],
    start: AlignmentStart,
    voices: { readonly old: VoiceMean; readonly new: VoiceMean },
    likeness: Likeness,
  ) {
    const loudest = heard.reduce((most, { levelDb }) => Math.max(most, levelDb), Number.NEGATIVE_INFINITY);
    this.#heard = heard.map((frame) => soundOf(frame, loudest, voices.old));
    this.#start = start;
    this.#loudest = start.loudestDb ?? Number.NEGATIVE_INFINITY;
    this.#voice = voices.new;
    this.#likeness = likeness;
  }

  /** Frames of the new rendering that have been looked at. */
  get frames(): number {
    return this.#lead + this.#columns.length;
  }

  push(frame: Frame): void {
    this.#loudest = Math.max(this.#loudest, frame.levelDb);
    const sound = soundOf(frame, this.#loudest, this.#voice);
    if (!this.#begun && sound.presence < 0.4) {
      this.#lead += 1;
      return;
    }
    this.#begun = true;
    this.#sounds.push(sound);
    this.#columns.push(this.#column(sound));
  }

  /** The best match so far; `undefined` where the new rendering has not come far enough. */
  best(): Match | undefined {
    const last = this.#heard.length - 1;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    const totals = this.#columns.map((column, index) => this.#total(column, index));
    for (const [index, total] of totals.entries()) if (total < least) [best, least] = [index, total];
    if (best < 0 || !Number.isFinite(least)) return undefined;
    const path = this.#path(best, last);
    const start = path.start;
    const count = last + 1 - start;
    const cost = least / Math.max(1, last + 1 - this.#start.from);
    const ownCost = ((this.#columns[best]?.costs[last] as number) - this.#startCost(start)) / count;
    const later = totals.slice(best + 1);
    const worse = least + SETTLED_COST * count;
    const settled = later.length >= SETTLED_FRAMES && later.slice(-4).every((other) => other > worse);
    const lead = this.#lead;
    return { cost, ownCost, start, settled, at: (frame) => lead + (path.columns[Math.max(0, frame - start)] ?? best) };
  }

  /** Of a match that ends with this column: what its frames cost, and that it is of an unlikely tempo. */
  #total({ costs, starts }: Column, index: number): number {
    const last = this.#heard.length - 1;
    const cost = costs[last] as number;
    const { tempo } = this.#start;
    if (tempo === undefined) return cost;
    const count = last + 1 - (starts[last] as number);
    const spread = tempo.spread + TEMPO_FRAMES / count;
    return cost + this.#likeness.tempoCost * (((index + 1) / count - tempo.ratio) / spread) ** 2;
  }

  /** Frames that are left out cost as much as frames that match, or the latest start would always win. */
  #startCost(frame: number): number {
    const { from, expected, spread } = this.#start;
    const { typicalCost, placeCost } = this.#likeness;
    return (frame - from) * typicalCost + placeCost * ((frame - expected) / spread) ** 2;
  }

  #column(sound: Sound): Column {
    const { from, until } = this.#start;
    const { warpCost } = this.#likeness;
    const count = this.#heard.length;
    const costs = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    const moves = new Uint8Array(count);
    const starts = new Int32Array(count);
    const before = this.#columns.at(-1);
    const beforeThat = this.#columns.at(-2);
    const first = before === undefined;
    for (let i = from; i < count; i += 1) {
      const here = this.#likeness.distance(this.#heard[i] as Sound, sound);
      let cost = Number.POSITIVE_INFINITY;
      let move: Move = NONE;
      if (first) {
        if (i > until) break;
        cost = here + this.#startCost(i);
        move = BEGIN;
      } else if (i > from) {
        const even = (before.costs[i - 1] as number) + here;
        if (even < cost) [cost, move] = [even, EVEN];
        const skip = ((beforeThat?.costs[i - 1] as number | undefined) ?? Number.POSITIVE_INFINITY) + here + warpCost;
        if (skip < cost) [cost, move] = [skip, SKIP];
        if (i > from + 1) {
          const stretch =
            (before.costs[i - 2] as number) +
            here +
            this.#likeness.distance(this.#heard[i - 1] as Sound, sound) +
            warpCost;
          if (stretch < cost) [cost, move] = [stretch, STRETCH];
        }
      }
      costs[i] = cost;
      moves[i] = move;
      if (move === BEGIN) starts[i] = i;
      else if (move === EVEN) starts[i] = before?.starts[i - 1] as number;
      else if (move === SKIP) starts[i] = beforeThat?.starts[i - 1] as number;
      else if (move === STRETCH) starts[i] = before?.starts[i - 2] as number;
    }
    return { costs, moves, starts };
  }

  #path(column: number, row: number): { readonly start: number; readonly columns: readonly number[] } {
    const columns: number[] = [];
    let [at, i] = [column, row];
    for (;;) {
      const move = this.#columns[at]?.moves[i] ?? NONE;
      columns.unshift(at);
      if (move === EVEN) [at, i] = [at - 1, i - 1];
      else if (move === SKIP) [at, i] = [at - 2, i - 1];
      else if (move === STRETCH) {
        columns.unshift(at);
        [at, i] = [at - 1, i - 2];
      } else break;
    }
    return { start: i, columns };
  }
}

/** The mean sound of a voice: its colour, and that of the way it came. Learnt from all that it says. */
export class VoiceMean {
  readonly shape = new Float32Array(16);
  #count = 0;

  /** It has been listened to for a second. */
  get known(): boolean {
    return this.#count >= 50;
  }

  /** Takes note of what was said; only its louder half tells of the voice. */
  learn(frames: readonly Frame[]): void {
    const levels = frames.map(({ levelDb }) => levelDb).toSorted((one, other) => one - other);
    const least = Math.max(levels[levels.length >> 1] ?? 0, (levels.at(-1) ?? 0) - 20);
    for (const { shape, levelDb } of frames) {
      if (levelDb < least) continue;
      this.#count = Math.min(MEAN_FRAMES, this.#count + 1);
      for (let band = 0; band < this.shape.length; band += 1) {
        const mean = this.shape[band] as number;
        this.shape[band] = mean + ((shape[band] as number) - mean) / this.#count;
      }
    }
  }
}

/** So many frames make the mean: a minute of speech. */
const MEAN_FRAMES = 6_000;

interface Column {
  readonly costs: Float64Array;
  readonly moves: Uint8Array;
  /** Where in the old rendering the match of each frame begins. */
  readonly starts: Int32Array;
}

function soundOf({ shape: seen, levelDb }: Frame, loudestDb: number, { shape: mean }: VoiceMean): Sound {
  const shape = seen.map((value, band) => value - (mean[band] ?? 0));
  const level = Math.max(-SILENCE_DB, levelDb - loudestDb);
  return { shape, level, presence: Math.min(1, (level + SILENCE_DB) / (SILENCE_DB / 2)) };
}
