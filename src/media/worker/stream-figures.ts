import { Buffer } from 'node:buffer';
import type { StreamStats } from '../engine.js';
import { figure, type StreamMemory, word } from './stream-memory.js';

/** How often a reader tries anew while the other thread writes. It writes a few words: more than once is rare. */
const MAX_TRIES = 100;

/** Figures of a stream's queue. */
export interface QueueFigures {
  queuedMs: number;
  /** Audio taken from the ring since the last flush, ms. */
  takenMs: number;
  flushes: number;
}

/** Writes the figures that the call may read at any time. The media thread's end. */
export class FiguresWriter {
  readonly #memory: StreamMemory;
  readonly #ints: Int32Array;
  readonly #floats: Float64Array;
  readonly #firstFigure: number;
  readonly #versionAt: number;
  /** Nobody else writes it. */
  #queueVersion = 0;

  constructor(memory: StreamMemory) {
    this.#memory = memory;
    this.#ints = memory.views.ints;
    this.#floats = memory.views.floats;
    this.#firstFigure = memory.firstFigure;
    this.#versionAt = memory.firstWord + word.queueVersion;
  }

  /** Hot path. */
  writeQueue(queuedMs: number, takenMs: number, flushes: number): void {
    const floats = this.#floats;
    const first = this.#firstFigure;
    Atomics.add(this.#ints, this.#versionAt, 1);
    floats[first + figure.queuedMs] = queuedMs;
    floats[first + figure.takenMs] = takenMs;
    floats[first + figure.flushes] = flushes;
    this.#queueVersion = (this.#queueVersion + 2) | 0;
    Atomics.store(this.#ints, this.#versionAt, this.#queueVersion);
  }

  writeStats(stats: StreamStats): void {
    const { stats: area, firstWord } = this.#memory;
    const ints = this.#ints;
    const bytes = Buffer.from(JSON.stringify(stats));
    if (bytes.length > area.length) return;
    Atomics.add(ints, firstWord + word.statsVersion, 1);
    area.set(bytes);
    ints[firstWord + word.statsLength] = bytes.length;
    Atomics.add(ints, firstWord + word.statsVersion, 1);
  }
}

/** The call's end. A figure that is being written is read anew; in the end the last one known is given. */
export class FiguresReader {
  readonly #memory: StreamMemory;
  readonly #ints: Int32Array;
  readonly #floats: Float64Array;
  readonly #firstFigure: number;
  readonly #versionAt: number;
  readonly #queue: QueueFigures = { queuedMs: 0, takenMs: 0, flushes: 0 };
  #stats: StreamStats | undefined;
  #statsVersion = 0;

  constructor(memory: StreamMemory) {
    this.#memory = memory;
    this.#ints = memory.views.ints;
    this.#floats = memory.views.floats;
    this.#firstFigure = memory.firstFigure;
    this.#versionAt = memory.firstWord + word.queueVersion;
  }

  /** The object is reused. Hot path. */
  queue(): QueueFigures {
    const ints = this.#ints;
    const floats = this.#floats;
    const firstFigure = this.#firstFigure;
    const versionAt = this.#versionAt;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const version = Atomics.load(ints, versionAt);
      const queuedMs = floats[firstFigure + figure.queuedMs] as number;
      const takenMs = floats[firstFigure + figure.takenMs] as number;
      const flushes = floats[firstFigure + figure.flushes] as number;
      if ((version & 1) !== 0 || Atomics.load(ints, versionAt) !== version) continue;
      this.#queue.queuedMs = queuedMs;
      this.#queue.takenMs = takenMs;
      this.#queue.flushes = flushes;
      break;
    }
    return this.#queue;
  }

  /** `undefined` before the first were written. */
  stats(): StreamStats | undefined {
    const { views, stats, firstWord } = this.#memory;
    const { ints } = views;
    const versionAt = firstWord + word.statsVersion;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const version = Atomics.load(ints, versionAt);
      if (version === this.#statsVersion) break;
      const bytes = Buffer.from(stats.subarray(0, ints[firstWord + word.statsLength]));
      if ((version & 1) !== 0 || Atomics.load(ints, versionAt) !== version) continue;
      this.#stats = JSON.parse(bytes.toString());
      this.#statsVersion = version;
      break;
    }
    return this.#stats;
  }
}
