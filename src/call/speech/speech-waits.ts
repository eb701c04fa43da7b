import type { Clock, TimerHandle } from '../../base/clock.js';
import type { CommandSequence } from '../../media/engine.js';
import type { ReplyWatchOptions } from '../reply-watch.js';
import { Farewell, type FarewellOptions, type FarewellParts } from './farewell.js';
import { LastTurn, type LastTurnParts } from './last-turn.js';

export interface SpeechWaitsOptions extends FarewellOptions {
  readonly reply: Pick<ReplyWatchOptions, 'replyTimeoutMs'>;
}

export type SpeechWaitsParts = Omit<FarewellParts, 'onOver'> & { readonly clock: Clock };

/** One wait for speech that was asked for and has no name yet. */
interface NextWait {
  readonly timer: TimerHandle;
  onAnnounced(responseId: string): void;
}

/** Everybody who waits for words of the agent or the host to have been heard: a goodbye, a transfer, an apology. */
export class SpeechWaits {
  readonly #options: SpeechWaitsOptions;
  readonly #parts: SpeechWaitsParts;
  /** Made with the first of them. */
  #waits: Set<Farewell> | undefined;
  #next: NextWait | undefined;
  #lastTurn: LastTurn | undefined;
  #closed = false;

  constructor(options: SpeechWaitsOptions, parts: SpeechWaitsParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /**
   * Calls `then` once when the response was heard, or all that is queued where none is named; in any case when
   * nothing has come within `farewellMs`. Never after {@link close}. `isLast`: see {@link Farewell.begin}.
   */
  after(responseId: string | undefined, then: () => void, isLast?: () => boolean): void {
    if (this.#closed) return;
    const onOver = (): void => {
      this.#waits?.delete(wait);
      wait.close();
      then();
    };
    const wait = new Farewell(this.#options, { onOver, ...this.#parts });
    this.#waits ??= new Set();
    this.#waits.add(wait);
    wait.begin(responseId, isLast);
  }

  /**
   * The same for the next response that the agent begins, which was just asked for. `otherwise`: it began none within
   * `farewellStartMs`.
   */
  afterNext(then: () => void, otherwise: () => void): void {
    if (this.#closed) return;
    const { clock } = this.#parts;
    clock.clearTimeout(this.#next?.timer);
    const timer = clock.setTimeout(() => {
      this.#next = undefined;
      otherwise();
    }, this.#options.farewellStartMs);
    const onAnnounced = (responseId: string): void => {
      this.#next = undefined;
      clock.clearTimeout(timer);
      this.after(responseId, then);
    };
    this.#next = { timer, onAnnounced };
  }

  /**
   * `onOver` once the agent, who was just asked for something, has done all that it makes of it: words, tools, and words
   * about those. `onIdle`: it began nothing within `replyTimeoutMs`, or was lost without a word.
   */
  afterTurn(turn: Omit<LastTurnParts, 'clock' | 'beginMs'>): void {
    if (this.#closed) return;
    this.#lastTurn?.close();
    this.#lastTurn = new LastTurn({ clock: this.#parts.clock, beginMs: this.#options.reply.replyTimeoutMs, ...turn });
  }

  /** The agent has begun a response. */
  onAnnounced(responseId: string): void {
    this.#next?.onAnnounced(responseId);
    this.#lastTurn?.onAct('speech');
  }

  /** The agent has called a tool. */
  onTool(): void {
    this.#lastTurn?.onAct('tool');
  }

  /** A response has its terminal report. */
  onReport(responseId: string): void {
    if (this.#waits) for (const wait of [...this.#waits]) wait.onReport(responseId);
  }

  onAck(sequence: CommandSequence): void {
    if (this.#waits) for (const wait of [...this.#waits]) wait.onAck(sequence);
  }

  /** The call is over: nobody is called any more. */
  close(): void {
    this.#closed = true;
    this.#parts.clock.clearTimeout(this.#next?.timer);
    this.#next = undefined;
    this.#lastTurn?.close();
    for (const wait of this.#waits ?? []) wait.close();
    this.#waits?.clear();
  }
}
