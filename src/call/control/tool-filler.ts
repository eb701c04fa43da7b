import type { Clock, TimerHandle } from '../../base/clock.js';
import type { Filler, ToolTiming } from '../../tools/tool.js';

interface Wait {
  readonly filler: Filler | undefined;
  readonly afterMs: number;
  readonly startedMs: number;
}

/**
 * Says a few words when tools let the caller wait in silence: once for all tools that run at the same time, never while
 * somebody speaks, and never when the last of them has its result, since the answer comes then.
 */
export class ToolFiller {
  readonly #clock: Clock;
  readonly #say: (filler: Filler) => void;
  /** Made with the first of them. */
  #waits: Set<Wait> | undefined;
  #said = false;
  #agentSpeaks = false;
  #callerSpeaks = false;
  #quietSinceMs: number;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock, say: (filler: Filler) => void) {
    this.#clock = clock;
    this.#say = say;
    this.#quietSinceMs = clock.now();
  }

  /** Somebody waits for a tool. */
  get waiting(): boolean {
    return this.#waits !== undefined && this.#waits.size > 0;
  }

  /** A tool begins. Returns what is to be called when it has its result. */
  begin({ filler, fillerAfterMs }: ToolTiming): () => void {
    const wait = { filler, afterMs: fillerAfterMs, startedMs: this.#clock.now() };
    this.#waits ??= new Set();
    this.#waits.add(wait);
    this.#arm();
    return () => {
      this.#waits?.delete(wait);
      if (!this.waiting) this.#said = false;
      this.#arm();
    };
  }

  onAgentSpeaking(speaking: boolean): void {
    this.#agentSpeaks = speaking;
    this.#onSpeech();
  }

  onCallerSpeaking(speaking: boolean): void {
    this.#callerSpeaks = speaking;
    this.#onSpeech();
  }

  /** Nobody waits any more for the tools that run. */
  forget(): void {
    this.#waits?.clear();
    this.#said = false;
    this.#arm();
  }

  get #quiet(): boolean {
    return !this.#agentSpeaks && !this.#callerSpeaks;
  }

  #onSpeech(): void {
    if (this.#quiet) this.#quietSinceMs = this.#clock.now();
    this.#arm();
  }

  #arm(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#said || !this.#quiet || this.#waits === undefined) return;
    const next = [...this.#waits]
      .flatMap(({ filler, afterMs, startedMs }) =>
        filler ? [{ filler, dueMs: Math.max(startedMs, this.#quietSinceMs) + afterMs }] : [],
      )
      .reduce((first, wait) => (wait.dueMs < first.dueMs ? wait : first), {
        filler: {},
        dueMs: Number.POSITIVE_INFINITY,
      });
    if (next.dueMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.setTimeout(() => this.#speak(next.filler), next.dueMs - this.#clock.now());
  }

  #speak(filler: Filler): void {
    this.#said = true;
    this.#say(filler);
  }
}
