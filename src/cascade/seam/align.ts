import { type Likeness, Sounds } from './likeness.js';
import { BANDS, type Frame, loudestOf } from './spectrum.js';

/** Where two renderings of one text may begin to agree, in frames. */
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

/** Where they agree. */
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
 * with a free start in the old one and a free end in the new one, column by column as the new one comes. Only what can be
 * reached is compared: neither of them is more than twice as fast as the other for long.
 */
export class Aligner {
  /** Of the old rendering, from the earliest start on: a row of the table each. */
  readonly #heard: Sounds;
  readonly #rows: number;
  readonly #start: AlignmentStart;
  readonly #voice: VoiceMean;
  readonly #likeness: Likeness;
  readonly #sound = new Sounds(1);
  readonly #distances: Float64Array;
  readonly #moves: Moves[] = [];
  /** What a match costs that ends with the column, unlikely tempos included. */
  readonly #totals: number[] = [];
  #before: Column;
  #beforeThat: Column;
  /** The two before, to be written anew. */
  #spare: Column;
  #best: Best | undefined;
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
    this.#rows = Math.max(0, heard.length - start.from);
    this.#heard = new Sounds(this.#rows);
    const loudest = loudestOf(heard);
    for (let row = 0; row < this.#rows; row += 1) {
      this.#heard.set(row, heard[start.from + row] as Frame, loudest, voices.old.shape);
    }
    this.#distances = new Float64Array(this.#rows);
    this.#before = emptyColumn(this.#rows);
    this.#beforeThat = emptyColumn(this.#rows);
    this.#spare = emptyColumn(this.#rows);
    this.#start = start;
    this.#loudest = start.loudestDb ?? Number.NEGATIVE_INFINITY;
    this.#voice = voices.new;
    this.#likeness = likeness;
  }

  /** Frames of the new rendering that have been looked at. */
  get frames(): number {
    return this.#lead + this.#moves.length;
  }

  push(frame: Frame): void {
    this.#loudest = Math.max(this.#loudest, frame.levelDb);
    this.#sound.set(0, frame, this.#loudest, this.#voice.shape);
    if (!this.#begun && (this.#sound.presences[0] as number) < 0.4) {
      this.#lead += 1;
      return;
    }
    this.#begun = true;
    const column = this.#spare;
    this.#moves.push(this.#fill(column));
    [this.#before, this.#beforeThat, this.#spare] = [column, this.#before, this.#beforeThat];
    const last = this.#rows - 1;
    const cost = this.#rows === 0 ? Number.POSITIVE_INFINITY : (column.costs[last] as number);
    const start = column.starts[last] ?? 0;
    const total = this.#total(cost, this.#rows - start);
    if (total < (this.#best?.total ?? Number.POSITIVE_INFINITY)) {
      this.#best = { column: this.#totals.length, total, cost, start };
    }
    this.#totals.push(total);
  }

  /** The best match so far; `undefined` where the new rendering has not come far enough. */
  best(): Match | undefined {
    const best = this.#best;
    if (best === undefined) return undefined;
    const { from } = this.#start;
    const start = from + best.start;
    const count = this.#rows - best.start;
    const worse = best.total + SETTLED_COST * count;
    const later = this.#totals.length - best.column - 1;
    const lead = this.#lead;
    let path: readonly number[] | undefined;
    return {
      cost: best.total / Math.max(1, this.#rows),
      ownCost: (best.cost - this.#startCost(best.start)) / count,
      start,
      settled: later >= SETTLED_FRAMES && this.#totals.slice(-4).every((total) => total > worse),
      at: (frame) => {
        path ??= this.#path(best.column);
        return lead + (path[Math.max(0, frame - start)] ?? best.column);
      },
    };
  }

  /** Of a match of so many rows that ends with the next column: what its frames cost, and that it is of an unlikely tempo. */
  #total(cost: number, count: number): number {
    const { tempo } = this.#start;
    if (tempo === undefined) return cost;
    const spread = tempo.spread + TEMPO_FRAMES / count;
    const ratio = (this.#totals.length + 1) / count;
    return cost + this.#likeness.tempoCost * ((ratio - tempo.ratio) / spread) ** 2;
  }

  /** Frames that are left out cost as much as frames that match, or the latest start would always win. */
  #startCost(row: number): number {
    const { from, expected, spread } = this.#start;
    const { typicalCost, placeCost } = this.#likeness;
    return row * typicalCost + placeCost * ((from + row - expected) / spread) ** 2;
  }

  /** Writes the next column. */
  #fill(column: Column): Moves {
    const { costs, starts } = column;
    const first = this.#moves.length === 0;
    const last = this.#rows - 1;
    const [before, beforeThat] = [this.#before, this.#beforeThat];
    column.lowest = first ? 0 : Math.min(before.lowest, beforeThat.lowest) + 1;
    column.highest = first
      ? this.#start.until - this.#start.from
      : Math.max(before.highest + 2, beforeThat.highest + 1);
    column.highest = Math.min(last, column.highest);
    const { lowest, highest } = column;
    const moves = new Uint8Array(Math.max(0, highest - lowest + 1));
    costs.fill(Number.POSITIVE_INFINITY);
    const distances = this.#distances;
    this.#likeness.distances(this.#heard, lowest, highest, this.#sound, distances);
    if (first) {
      for (let row = 0; row <= highest; row += 1) {
        costs[row] = (distances[row] as number) + this.#startCost(row);
        starts[row] = row;
      }
      return { lowest, moves: moves.fill(BEGIN) };
    }
    const { warpCost } = this.#likeness;
    for (let row = lowest; row <= highest; row += 1) {
      const here = distances[row] as number;
      let cost = Number.POSITIVE_INFINITY;
      let move: Move = NONE;
      let start = 0;
      const even = (before.costs[row - 1] as number) + here;
      if (even < cost) {
        cost = even;
        move = EVEN;
        start = before.starts[row - 1] as number;
      }
      const skip = (beforeThat.costs[row - 1] as number) + here + warpCost;
      if (skip < cost) {
        cost = skip;
        move = SKIP;
        start = beforeThat.starts[row - 1] as number;
      }
      if (row > 1) {
        const stretch = (before.costs[row - 2] as number) + here + (distances[row - 1] as number) + warpCost;
        if (stretch < cost) {
          cost = stretch;
          move = STRETCH;
          start = before.starts[row - 2] as number;
        }
      }
      costs[row] = cost;
      starts[row] = start;
      moves[row - lowest] = move;
    }
    return { lowest, moves };
  }

  /** The column for each row of a match that ends with this one. */
  #path(column: number): readonly number[] {
    const columns: number[] = [];
    for (let [at, row] = [column, this.#rows - 1]; ; ) {
      const { lowest, moves } = this.#moves[at] as Moves;
      const move = moves[row - lowest];
      columns.push(at);
      if (move === EVEN) [at, row] = [at - 1, row - 1];
      else if (move === SKIP) [at, row] = [at - 2, row - 1];
      else if (move === STRETCH) {
        columns.push(at);
        [at, row] = [at - 1, row - 2];
      } else return columns.reverse();
    }
  }
}

/** The mean sound of a voice: its colour, and that of the way it came. Learnt from all that it says. */
export class VoiceMean {
  readonly shape = new Float32Array(BANDS);
  #count = 0;

  /** It has been listened to for a second. */
  get known(): boolean {
    return this.#count >= 50;
  }

  /** Takes note of what was said; only its louder half tells of the voice. */
  learn(frames: readonly Frame[]): void {
    const levels = Float64Array.from(frames, ({ levelDb }) => levelDb).sort();
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

/** One frame of the new rendering against those of the old. */
interface Column {
  /** The lowest row that can be reached, and the highest. */
  lowest: number;
  highest: number;
  readonly costs: Float64Array;
  /** Where the match of each row begins. */
  readonly starts: Int32Array;
}

/** How each row of a column was reached, from the lowest on. */
interface Moves {
  readonly lowest: number;
  readonly moves: Uint8Array;
}

/** The match that costs least: the column it ends with, and the row it begins with. */
interface Best {
  readonly column: number;
  readonly total: number;
  readonly cost: number;
  readonly start: number;
}

function emptyColumn(rows: number): Column {
  const costs = new Float64Array(rows).fill(Number.POSITIVE_INFINITY);
  return { lowest: 0, highest: -1, costs, starts: new Int32Array(rows) };
}
