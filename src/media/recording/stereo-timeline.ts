/** Frames (left and right sample) a second. */
export const TIMELINE_HZ = 8000;
/** Frames in one block: half a second. */
export const BLOCK_FRAMES = 4000;
/** Bytes of a frame. */
export const FRAME_BYTES = 4;
/** Bytes of one block. */
export const BLOCK_BYTES = BLOCK_FRAMES * FRAME_BYTES;

/** Blocks that still take samples: late packets may fall up to a second behind the newest one. */
const OPEN_BLOCKS = 3;

/** Blocks in memory at most, those waiting to be written included: 8 s, 256 KB. */
const MAX_BLOCKS = 16;

/** Half a second of both tracks. */
export interface TimelineBlock {
  /** Number on the timeline: it begins `index * BLOCK_FRAMES` frames after the origin. */
  index: number;
  /** Interleaved little-endian 16-bit samples. */
  readonly bytes: Buffer;
}

/**
 * The last seconds of two tracks of 8 kHz audio on one time axis. Samples go in at any place that is recent enough;
 * whole blocks come out in order. Memory is bounded: when blocks are not fetched in time, the oldest waiting are lost.
 */
export class StereoTimeline {
  /** Taking samples, by rising index. */
  #open: TimelineBlock[] = [];
  /** Complete, by rising index. */
  readonly #ready: TimelineBlock[] = [];
  readonly #free: TimelineBlock[] = [];
  #allocated = 0;
  /** Blocks before this one take no more samples. */
  #firstOpen = 0;
  #endFrame = 0;
  #lostBlocks = 0;
  #lateSamples = 0;

  /** Frames from the origin to the end of the last sample put in. */
  get endFrame(): number {
    return this.#endFrame;
  }

  /** What did not make it: blocks not fetched in time, samples that came too late. */
  get losses(): { readonly blocks: number; readonly lateSamples: number } {
    return { blocks: this.#lostBlocks, lateSamples: this.#lateSamples };
  }

  /**
   * Puts samples on a track, over what is there.
   * @param track 0 left, 1 right
   * @param frame place of the first sample; what lies before the origin is left out
   */
  put(track: 0 | 1, frame: number, samples: Int16Array): void {
    let i = Math.max(0, -frame);
    while (i < samples.length) {
      const at = frame + i;
      const index = Math.floor(at / BLOCK_FRAMES);
      const inBlock = at - index * BLOCK_FRAMES;
      const count = Math.min(samples.length - i, BLOCK_FRAMES - inBlock);
      const block = this.#block(index);
      if (block === undefined) this.#lateSamples += count;
      else copy(samples, i, count, block.bytes, inBlock * FRAME_BYTES + track * 2);
      i += count;
    }
    if (frame + samples.length > this.#endFrame) this.#endFrame = frame + samples.length;
  }

  /** The oldest complete block, to be given back by {@link release}. */
  takeReady(): TimelineBlock | undefined {
    return this.#ready.shift();
  }

  release(block: TimelineBlock): void {
    this.#free.push(block);
  }

  /** Completes all blocks: nothing more will be put in. */
  finish(): void {
    this.#ready.push(...this.#open);
    this.#open = [];
    this.#firstOpen = Number.POSITIVE_INFINITY;
  }

  #block(index: number): TimelineBlock | undefined {
    if (index < this.#firstOpen) return undefined;
    for (let i = this.#open.length - 1; i >= 0; i -= 1) {
      const block = this.#open[i];
      if (block !== undefined && block.index === index) return block;
    }
    const firstOpen = Math.max(this.#firstOpen, index - OPEN_BLOCKS + 1);
    this.#firstOpen = firstOpen;
    for (let oldest = this.#open[0]; oldest !== undefined && oldest.index < firstOpen; oldest = this.#open[0]) {
      this.#ready.push(oldest);
      this.#open.shift();
    }
    const block = this.#blank(index);
    // At most three entries, nearly always in order already.
    this.#open.push(block);
    for (let i = this.#open.length - 1; i > 0; i -= 1) {
      const before = this.#open[i - 1];
      if (before === undefined || before.index < index) break;
      this.#open[i - 1] = block;
      this.#open[i] = before;
    }
    return block;
  }

  #blank(index: number): TimelineBlock {
    let block = this.#free.pop();
    if (block === undefined && this.#allocated >= MAX_BLOCKS) {
      block = this.#ready.shift();
      if (block !== undefined) this.#lostBlocks += 1;
    }
    if (block === undefined) {
      this.#allocated += 1;
      return { index, bytes: Buffer.alloc(BLOCK_BYTES) };
    }
    block.index = index;
    block.bytes.fill(0);
    return block;
  }
}

function copy(samples: Int16Array, from: number, count: number, bytes: Buffer, to: number): void {
  let at = to;
  for (let i = from; i < from + count; i += 1) {
    const sample = samples[i] as number;
    bytes[at] = sample;
    bytes[at + 1] = sample >> 8;
    at += FRAME_BYTES;
  }
}
