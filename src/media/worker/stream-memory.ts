import type { RingPlace } from './shared-ring.js';
import type { SharedViews } from './shared-views.js';

/**
 * What a call and the media thread share of one stream: a ring each way, flags, and the figures
 * that the call may ask for at any time. 28 kB, of which a call with a phone's codec touches two pages: what is used of each
 * ring is its beginning, and neither beginning lies across the end of a page.
 */

const PAGE_BYTES = 4096;

const HEADER_BYTES = 256;
/** Room for counters as JSON. */
const STATS_BYTES = 2048;
/**
 * To the thread: one second of a phone's audio, or 160 ms at 24 kHz. It is emptied every 5 ms, and what finds no room waits
 * on the call's side, a burst of speech for instance.
 */
export const DOWN_RING_BYTES = 8192;
/** From the thread: frames may be kept in it until a piece of them is whole, and what a recording hears lies between them. */
const UP_RING_BYTES = 16_384;

const STATS_OFFSET = HEADER_BYTES;
const DOWN_OFFSET = STATS_OFFSET + STATS_BYTES;
const UP_OFFSET = wholePages(DOWN_OFFSET + DOWN_RING_BYTES);
const STREAM_BYTES = wholePages(UP_OFFSET + UP_RING_BYTES);

/** 32-bit words of the header; those of different writers lie in different cache lines. */
export const word = {
  /** Written by the call. */
  downWritten: 0,
  upRead: 1,
  /** The call has closed: not a packet more. */
  closing: 2,
  /** The number, counted from 1 modulo 2^32, of the frame that the call waits for: until then they may be kept together. */
  frameAwaited: 3,
  /** Set by the call, cleared by the media thread: there is something in the ring down. */
  downSignal: 16,
  /** Set by the call when the ring down was full; cleared by the media thread, which then signals. */
  wantsRoom: 17,
  /** Set by the call, cleared by the media thread: counters are asked for. */
  wantsStats: 18,
  /** Written by the media thread. */
  downRead: 32,
  upWritten: 33,
  /** Odd while the figures of the queue, or the counters, are written. */
  queueVersion: 34,
  statsVersion: 35,
  statsLength: 36,
  /** Set by the media thread, cleared by the call: there is something in the ring up, or room in the ring down. */
  upSignal: 48,
} as const;

/** 64-bit numbers of the header: of the queue. */
export const figure = {
  queuedMs: 28,
  /** Audio that the media thread has taken from the ring, ms. */
  takenMs: 29,
  /** Flushes that it has taken. */
  flushes: 30,
} as const;

export interface StreamMemory {
  readonly views: SharedViews;
  /** Where the header begins in `views.ints`, and in `views.floats`. */
  readonly firstWord: number;
  readonly firstFigure: number;
  readonly stats: Uint8Array;
  readonly down: RingPlace;
  readonly up: RingPlace;
}

/** Memory of several streams in one piece. */
export function allocateStreamMemory(streams = 1): SharedArrayBuffer {
  return new SharedArrayBuffer(streams * STREAM_BYTES);
}

/**
 * The parts of a stream's memory, for either side.
 *
 * @param index which of the streams of that piece
 */
export function streamMemory(views: SharedViews, index = 0): StreamMemory {
  const start = index * STREAM_BYTES;
  const firstWord = start / 4;
  return {
    views,
    firstWord,
    firstFigure: start / 8,
    stats: new Uint8Array(views.memory, start + STATS_OFFSET, STATS_BYTES),
    down: {
      views,
      byteOffset: start + DOWN_OFFSET,
      capacity: DOWN_RING_BYTES,
      writerIndex: firstWord + word.downWritten,
      readerIndex: firstWord + word.downRead,
    },
    up: {
      views,
      byteOffset: start + UP_OFFSET,
      capacity: UP_RING_BYTES,
      writerIndex: firstWord + word.upWritten,
      readerIndex: firstWord + word.upRead,
    },
  };
}

/** A stream begins with flags, figures and positions of 0, whoever had its place before. Neither side may have begun. */
export function clearHeader({ views, firstWord }: StreamMemory): void {
  views.ints.fill(0, firstWord, firstWord + HEADER_BYTES / 4);
}

function wholePages(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}
