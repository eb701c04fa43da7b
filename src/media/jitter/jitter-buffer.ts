import type { PacketReader } from '../codecs/packet-reader.js';

/** What one {@link JitterBuffer.take} gave. Reused by the next call; `data` and `known` change with the reader. */
export interface JitterFrame {
  /**
   * 20 ms in the reader's format. Where {@link known} is 0 the content is undefined, or what the reader makes of a loss if
   * it can ({@link PacketReader.conceals}).
   */
  data: Uint8Array;
  /** The data in words. */
  words: Int32Array;
  /** 1 for each sample that a packet brought, 0 for each that must be invented. */
  known: Uint8Array;
  /** How much is to be invented, ms. */
  missingMs: number;
  /** A stream is being played: what is missing was lost or late. Otherwise nothing has come, or the sender is silent. */
  playing: boolean;
  /** Arrival of the packet that holds the last sample ({@link Clock.now}); NaN when that is missing. */
  receivedAtMs: number;
  /** The frame before this one, left out to shorten the delay: the two are to be spliced. All samples of both are known. */
  before: Uint8Array | undefined;
}

/** What became of a packet. `late`: its time had passed. `resync`: taken, and everything before it was given up. */
export type PutVerdict = 'queued' | 'late' | 'resync';

/**
 * Turns packets that come when they please into an even stream of samples. Fixed or adaptive: the one who takes frames
 * cannot tell. Pure: time comes in with each call.
 */
export interface JitterBuffer {
  /** Takes packets of another codec from now on; what is queued is forgotten. A talkspurt begins with the next packet. */
  use(reader: PacketReader): void;
  /**
   * Takes a packet that the reader can tell the length of. `payload` is copied.
   * @param sequence extended, as {@link SequenceTracker} gives it: never wraps
   * @param timestamp as on the wire, 32 bits
   */
  put(
    sequence: number,
    timestamp: number,
    payload: Uint8Array,
    offset: number,
    length: number,
    arrivalMs: number,
  ): PutVerdict;
  /**
   * Gives the next 20 ms.
   * @param speaking whether the caller is speaking: delay that has gathered is shed in pauses first
   */
  take(nowMs: number, speaking: boolean): JitterFrame;
  /** Forgets what is queued; the next packet begins a new stream. */
  reset(): void;
  /** Audio that came and was never played: given up in a burst, or overtaken by a resync, ms. What was spliced is not among it. */
  readonly discardedMs: number;
}
