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
}

export interface Match {
  /** Mean cost of a frame: below 0.6 where both say the same in much the same way. */
  readonly cost: number;
  /** Where the new rendering begins in the old one, frames. */
  readonly start: number;
  /** The frame of the new rendering for one of the old, from `start` on. */
  at(frame: number): number;
  /** More of the new rendering would not change it. */
  readonly settled: boolean;
}

/** How a frame that settles a match must be behind it. */
const SETTLED_FRAMES = 12;
const SETTLED_COST = 0.04;

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
  #loudest = Number.NEGATIVE_INFINITY;
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
    for (const [index, { costs }] of this.#columns.entries()) {
      const cost = costs[last] as number;
      if (cost < least) [best, least] = [index, cost];
    }
    if (best < 0 || !Number.isFinite(least)) return undefined;
    const path = this.#path(best, last);
    const start = path.start;
    const cost = least / Math.max(1, last + 1 - this.#start.from);
    const later = this.#columns.slice(best + 1).map(({ costs }) => (costs[last] as number) / (last + 1 - start));
    const mean = least / (last + 1 - start);
    const settled = later.length >= SETTLED_FRAMES && later.slice(-4).every((other) => other > mean + SETTLED_COST);
    const lead = this.#lead;
    return { cost, start, settled, at: (frame) => lead + (path.columns[Math.max(0, frame - start)] ?? best) };
  }

  #column(sound: Sound): Column {
    const { from, until, expected, spread } = this.#start;
    const { typicalCost, placeCost, warpCost } = this.#likeness;
    const count = this.#heard.length;
    const costs = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    const moves = new Uint8Array(count);
    const before = this.#columns.at(-1);
    const beforeThat = this.#columns.at(-2);
    const first = before === undefined;
    for (let i = from; i < count; i += 1) {
      const here = this.#likeness.distance(this.#heard[i] as Sound, sound);
      let cost = Number.POSITIVE_INFINITY;
      let move: Move = NONE;
      if (first) {
        if (i > until) break;
        // Frames that are left out cost as much as frames that match, or the latest start would always win.
        cost = here + (i - from) * typicalCost + placeCost * ((i - expected) / spread) ** 2;
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
    }
    return { costs, moves };
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
}

function soundOf({ shape: seen, levelDb }: Frame, loudestDb: number, { shape: mean }: VoiceMean): Sound {
  const shape = seen.map((value, band) => value - (mean[band] ?? 0));
  const level = Math.max(-SILENCE_DB, levelDb - loudestDb);
  return { shape, level, presence: Math.min(1, (level + SILENCE_DB) / (SILENCE_DB / 2)) };
}
