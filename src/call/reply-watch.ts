import type { Clock, TimerHandle } from '../base/clock.js';

export interface ReplyWatchOptions {
  /** How long after the caller's last word something must be heard, ms. */
  readonly waitingAfterMs: number;
  /** How long after it the agent may take to answer at all, ms. */
  readonly replyTimeoutMs: number;
}

/** Between one word to somebody who waits and the next, ms. */
const AGAIN_MS = 6_000;

export interface ReplyWatchHandlers {
  /** The caller has waited for long: tell them to wait. Again every six seconds: silence for longer sounds like the end. */
  onWaiting(): void;
  /** The agent does not answer. Once for each wait. */
  onReplyTimeout(): void;
  /** Since when the caller waits, for an answer or for a tool ({@link Clock.now}); `undefined`: for nothing any more. */
  onBusy(sinceMs: number | undefined): void;
}

/**
 * Watches that somebody answers: from the moment a reply is owed until the agent is heard. While a tool runs the wait
 * rests, since somebody else then says that it takes a moment.
 */
export class ReplyWatch {
  readonly #options: ReplyWatchOptions;
  readonly #clock: Clock;
  readonly #handlers: ReplyWatchHandlers;
  #owedSinceMs: number | undefined;
  #tools = 0;
  /** Of the tools that run, or ran beside them, one has a result that something is to be said about. */
  #replyWanted = false;
  /** When the first of them began. */
  #toolsSinceMs = 0;
  /** What was said by then was answered, if only by a tool. The end of a turn may be known later than its answer. */
  #answeredUntilMs = Number.NEGATIVE_INFINITY;
  #busySinceMs: number | undefined;
  #waiting: TimerHandle | undefined;
  #timeout: TimerHandle | undefined;

  constructor(options: ReplyWatchOptions, clock: Clock, handlers: ReplyWatchHandlers) {
    this.#options = options;
    this.#clock = clock;
    this.#handlers = handlers;
  }

  /** A reply is owed and has not come. */
  get owed(): boolean {
    return this.#owedSinceMs !== undefined;
  }

  /** A reply is owed, or a tool runs. */
  get busy(): boolean {
    return this.#owedSinceMs !== undefined || this.#tools > 0;
  }

  /** A reply is owed since `fromMs` ({@link Clock.now}). An earlier debt stays what it is. */
  expect(fromMs: number): void {
    if (this.#owedSinceMs !== undefined || fromMs <= this.#answeredUntilMs) return;
    this.#owedSinceMs = fromMs;
    this.#arm(fromMs);
    this.#tell(fromMs);
  }

  /** The agent is heard, or will be: nothing is owed. Also when the caller goes on speaking. */
  settle(): void {
    // With every audio of the agent: where nothing is owed no timer runs, and nobody is to be told anything.
    if (this.#owedSinceMs === undefined) return;
    this.#owedSinceMs = undefined;
    this.#disarm();
    this.#tell(this.#clock.now());
  }

  onToolStarted(): void {
    if (this.#tools === 0) {
      this.#replyWanted = false;
      this.#toolsSinceMs = this.#clock.now();
    }
    this.#tools += 1;
    this.#disarm();
    this.#tell(this.#clock.now());
  }

  /**
   * Once for each start. `reply`: the agent is to say something about it. Where it is to say nothing about any, that was
   * its answer: to press a key, or to stay silent. What somebody has said since is still to be answered.
   */
  onToolEnded(reply: boolean): void {
    this.#tools = Math.max(0, this.#tools - 1);
    this.#replyWanted ||= reply;
    if (this.#tools > 0) return;
    if (!this.#replyWanted) {
      this.#answeredUntilMs = this.#toolsSinceMs;
      if ((this.#owedSinceMs ?? 0) <= this.#answeredUntilMs) this.#owedSinceMs = undefined;
    }
    if (this.#owedSinceMs === undefined && this.#replyWanted) this.#owedSinceMs = this.#clock.now();
    if (this.#owedSinceMs !== undefined) this.#arm(this.#clock.now());
    this.#tell(this.#clock.now());
  }

  /** Another session has taken over: it has all its time. To the caller it is the same wait. */
  onTakenOver(): void {
    const { waitingAfterMs, replyTimeoutMs } = this.#options;
    const toolsRan = this.#tools > 0;
    this.#tools = 0;
    this.#tell(this.#clock.now());
    if (this.#owedSinceMs === undefined) return;
    this.#armTimeout(replyTimeoutMs);
    if (toolsRan) this.#armWaiting(waitingAfterMs);
  }

  close(): void {
    this.settle();
  }

  #tell(sinceMs: number): void {
    const busySinceMs = this.busy ? (this.#busySinceMs ?? sinceMs) : undefined;
    if (busySinceMs === this.#busySinceMs) return;
    this.#busySinceMs = busySinceMs;
    this.#handlers.onBusy(busySinceMs);
  }

  #arm(fromMs: number): void {
    this.#disarm();
    if (this.#tools > 0) return;
    const elapsedMs = this.#clock.now() - fromMs;
    this.#armWaiting(this.#options.waitingAfterMs - elapsedMs);
    this.#armTimeout(this.#options.replyTimeoutMs - elapsedMs);
  }

  #armWaiting(delayMs: number): void {
    this.#clock.clearTimeout(this.#waiting);
    this.#waiting = this.#clock.setTimeout(() => this.#onWaiting(), delayMs);
  }

  #armTimeout(delayMs: number): void {
    this.#clock.clearTimeout(this.#timeout);
    this.#timeout = this.#clock.setTimeout(() => this.#handlers.onReplyTimeout(), delayMs);
  }

  #disarm(): void {
    this.#clock.clearTimeout(this.#waiting);
    this.#clock.clearTimeout(this.#timeout);
    this.#waiting = undefined;
    this.#timeout = undefined;
  }

  #onWaiting(): void {
    this.#armWaiting(AGAIN_MS);
    this.#handlers.onWaiting();
  }
}
