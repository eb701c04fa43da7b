import type { Clock, TimerHandle } from '../../base/clock.js';
import type { CommandSequence, MediaStream } from '../../media/engine.js';
import type { CallLimits } from '../call-limits.js';
import type { AgentSpeech } from './agent-speech.js';

export type FarewellOptions = Pick<CallLimits, 'farewellMs' | 'farewellStartMs' | 'farewellTailMs'>;

export interface FarewellParts {
  readonly clock: Clock;
  readonly stream: Pick<MediaStream, 'flush' | 'mark' | 'queuedMs'>;
  readonly speech: Pick<AgentSpeech, 'isOpen' | 'isOver'>;
  /** The last words were heard, or time for them ran out. Called at most once. */
  onOver(): void;
}

/** Words that are there and not heard yet are waited for beyond `farewellMs`, but no longer than this in all, ms. */
export const MOST_FAREWELL_MS = 60_000;

/** Waits until the agent's last words have been heard: those of one response, or all that are queued. */
export class Farewell {
  readonly #options: FarewellOptions;
  readonly #parts: FarewellParts;
  #begun = false;
  #begunAtMs = 0;
  #responseId: string | undefined;
  #isLast = (): boolean => false;
  #mark: CommandSequence | undefined;
  #timer: TimerHandle | undefined;

  constructor(options: FarewellOptions, parts: FarewellParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /**
   * Later calls are ignored.
   *
   * @param responseId the goodbye, which may still be on its way; absent: whatever is queued
   * @param isLast asked when it was heard: whether the call ends with it, as what an agent says of a tool behind its
   *   goodbye would be cut off in the first word
   */
  begin(responseId: string | undefined, isLast = this.#isLast): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#isLast = isLast;
    this.#begunAtMs = this.#parts.clock.now();
    if (responseId === undefined || this.#parts.speech.isOver(responseId)) {
      this.#awaitQueued();
      return;
    }
    this.#responseId = responseId;
    const { farewellMs, farewellStartMs } = this.#options;
    if (this.#parts.speech.isOpen(responseId)) this.#arm(farewellMs, () => this.#onDue());
    else this.#arm(farewellStartMs, () => this.#onStartDue(responseId));
  }

  onAck(sequence: CommandSequence): void {
    if (this.#mark !== undefined && sequence === this.#mark) this.#onHeard();
  }

  /** The terminal report of a response was made. */
  onReport(responseId: string): void {
    if (this.#responseId === undefined || responseId !== this.#responseId) return;
    if (this.#isLast()) this.#parts.stream.flush();
    this.#onHeard();
  }

  /** The call is over in another way: nothing is reported any more. */
  close(): void {
    this.#begun = true;
    this.#mark = undefined;
    this.#responseId = undefined;
    this.#parts.clock.clearTimeout(this.#timer);
  }

  /** A flavor that names a response and never speaks it does not hold the line. */
  #onStartDue(responseId: string): void {
    const { farewellMs, farewellStartMs } = this.#options;
    if (this.#parts.speech.isOpen(responseId)) {
      this.#arm(farewellMs - farewellStartMs, () => this.#onDue());
      return;
    }
    this.#responseId = undefined;
    this.#awaitQueued();
  }

  #awaitQueued(): void {
    this.#arm(this.#options.farewellMs, () => this.#onDue());
    this.#mark = this.#parts.stream.mark();
  }

  /** Time is up for words that have not come; what is being heard is heard to its end. */
  #onDue(): void {
    const leftMs = MOST_FAREWELL_MS - (this.#parts.clock.now() - this.#begunAtMs);
    const waitMs = Math.min(this.#parts.stream.queuedMs() + this.#options.farewellTailMs, leftMs);
    if (waitMs <= this.#options.farewellTailMs) this.#parts.onOver();
    else this.#arm(waitMs, () => this.#onDue());
  }

  #onHeard(): void {
    this.#mark = undefined;
    this.#responseId = undefined;
    this.#arm(this.#options.farewellTailMs, () => this.#parts.onOver());
  }

  #arm(delayMs: number, onDue: () => void): void {
    this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = this.#parts.clock.setTimeout(onDue, delayMs);
  }
}
