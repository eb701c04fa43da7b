import { type SharedViews, sharedViews } from './shared-views.js';
import { allocateStreamMemory, clearHeader, type StreamMemory, streamMemory } from './stream-memory.js';

/** Streams whose memory is one piece. What of it no stream has touched costs address space alone. */
const BLOCK_STREAMS = 64;

/** Where a stream's memory lies: of which block, and which place in there. */
export interface MemoryPlace {
  readonly block: number;
  readonly index: number;
  readonly memory: StreamMemory;
}

/** Memory for the streams of one media thread, used again once a stream has ended. */
export class MemoryPool {
  readonly #blocks: SharedViews[] = [];
  /** The one that was given back last is taken first: it may still be in a cache. */
  readonly #free: MemoryPlace[] = [];

  /** A place that nobody uses, its header cleared. */
  take(): MemoryPlace {
    if (this.#free.length === 0) this.#grow();
    const place = this.#free.pop() as MemoryPlace;
    clearHeader(place.memory);
    return place;
  }

  /** Neither thread looks at it any more. */
  giveBack(place: MemoryPlace): void {
    this.#free.push(place);
  }

  #grow(): void {
    const block = this.#blocks.length;
    const views = sharedViews(allocateStreamMemory(BLOCK_STREAMS));
    this.#blocks.push(views);
    for (let index = BLOCK_STREAMS - 1; index >= 0; index -= 1) {
      this.#free.push({ block, index, memory: streamMemory(views, index) });
    }
  }
}
