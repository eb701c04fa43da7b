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
  /** Nobody else writes it. */
  #queueVersion = 0;

  constructor(memory: StreamMemory) {
    this.#memory = memory;
  }

  /** Hot path. */
  writeQueue(queuedMs: number, takenMs: number, flushes: number): void {
    const { words, figures } = this.#memory;
    Atomics.add(words, word.queueVersion, 1);
    figures[figure.queuedMs] = queuedMs;
    figures[figure.takenMs] = takenMs;
    figures[figure.flushes] = flushes;
    this.#queueVersion = (this.#queueVersion + 2) | 0;
    Atomics.store(words, word.queueVersion, this.#queueVersion);
  }

  writeStats(stats: StreamStats): void {
    const { words, stats: area } = this.#memory;
    const bytes = Buffer.from(JSON.stringify(stats));
    if (bytes.length > area.length) return;
    Atomics.add(words, word.statsVersion, 1);
    area.set(bytes);
    words[word.statsLength] = bytes.length;
    Atomics.add(words, word.statsVersion, 1);
  }
}

/** The call's end. A figure that is being written is read anew; in the end the last one known is given. */
export class FiguresReader {
  readonly #memory: StreamMemory;
  readonly #queue: QueueFigures = { queuedMs: 0, takenMs: 0, flushes: 0 };
  #stats: StreamStats | undefined;
  #statsVersion = 0;

  constructor(memory: StreamMemory) {
    this.#memory = memory;
  }

  /** The object is reused. Hot path. */
  queue(): QueueFigures {
    const { words, figures } = this.#memory;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const version = Atomics.load(words, word.queueVersion);
      const queuedMs = figures[figure.queuedMs] as number;
      const takenMs = figures[figure.takenMs] as number;
      const flushes = figures[figure.flushes] as number;
      if ((version & 1) !== 0 || Atomics.load(words, word.queueVersion) !== version) continue;
      this.#queue.queuedMs = queuedMs;
      this.#queue.takenMs = takenMs;
      this.#queue.flushes = flushes;
      break;
    }
    return this.#queue;
  }

  /** `undefined` before the first were written. */
  stats(): StreamStats | undefined {
    const { words, stats } = this.#memory;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const version = Atomics.load(words, word.statsVersion);
      if (version === this.#statsVersion) break;
      const bytes = Buffer.from(stats.subarray(0, words[word.statsLength]));
      if ((version & 1) !== 0 || Atomics.load(words, word.statsVersion) !== version) continue;
      this.#stats = JSON.parse(bytes.toString());
      this.#statsVersion = version;
      break;
    }
    return this.#stats;
  }
}
