import { AbortScope } from '../../../base/abort-scope.js';
import { EventStream } from '../../stages/event-stream.js';
import type { StageUsage } from '../../stages/stage.js';
import type { SpeechChunk } from './backend.js';
import { type ReleaseSlot, Slots } from './slots.js';

export interface SpeechDeskOptions {
  /** Requests that the server works on at once. */
  readonly concurrency: number;
  /**
   * Whether the server finishes what nobody waits for any more: it cannot be told to stop. The request then keeps its
   * place to its end, unheard, so that the next one does not wait inside of the server.
   */
  readonly runsOut: boolean;
}

/** Asks the server, and reads its answer. */
export type SpeechWork = (signal: AbortSignal) => AsyncIterable<SpeechChunk>;

type WorkEvent =
  | { readonly type: 'chunk'; readonly chunk: SpeechChunk }
  | { readonly type: 'end'; readonly error?: unknown };

/** Lets requests at a server in its own measure. */
export class SpeechDesk {
  readonly slots: Slots;
  readonly #runsOut: boolean;
  readonly #closing = new AbortScope();

  constructor({ concurrency, runsOut }: SpeechDeskOptions) {
    this.slots = new Slots(concurrency);
    this.#runsOut = runsOut;
  }

  /** Whether the server is at work for us: until it is not, it may be unable to answer anything else. */
  get busy(): boolean {
    return this.slots.inUse > 0;
  }

  /**
   * What `work` says, once there is a place for it.
   *
   * @param used what has been used so far, asked where `work` goes on unheard
   * @throws what `work` throws; `signal.reason`
   */
  async *speak(
    work: SpeechWork,
    signal: AbortSignal,
    used?: () => StageUsage | undefined,
  ): AsyncGenerator<SpeechChunk, void, undefined> {
    signal.throwIfAborted();
    let release = this.slots.take();
    if (release === undefined) {
      yield { type: 'progress', state: 'queued' };
      release = await this.slots.wait(signal);
    }
    if (this.#runsOut) {
      yield* this.#outliving(work, release, signal, used);
      return;
    }
    try {
      using own = this.#closing.open(signal);
      yield* work(own.signal);
    } finally {
      release();
    }
  }

  /** Ends what is under way, heard or not. */
  close(): void {
    this.#closing.close();
  }

  async *#outliving(
    work: SpeechWork,
    release: ReleaseSlot,
    signal: AbortSignal,
    used: (() => StageUsage | undefined) | undefined,
  ): AsyncGenerator<SpeechChunk, void, undefined> {
    const events = new EventStream<WorkEvent>();
    let heard = true;
    const onAbort = (): void => {
      heard = false;
      const chunk = used?.();
      if (chunk !== undefined) events.push({ type: 'chunk', chunk });
      events.push({ type: 'end', error: signal.reason });
    };
    signal.addEventListener('abort', onAbort, { once: true });
    void (async () => {
      try {
        using own = this.#closing.open();
        for await (const chunk of work(own.signal)) if (heard) events.push({ type: 'chunk', chunk });
        events.push({ type: 'end' });
      } catch (error) {
        events.push({ type: 'end', error });
      } finally {
        release();
      }
    })();
    try {
      for await (const event of events) {
        if (event.type === 'chunk') {
          // What was there before the abort is of no use after it, but for what it cost.
          if (!signal.aborted || event.chunk.type === 'usage') yield event.chunk;
        } else if (signal.aborted) throw signal.reason;
        else if ('error' in event) throw event.error;
      }
    } finally {
      heard = false;
      signal.removeEventListener('abort', onAbort);
    }
  }
}
