import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { TimerOptions } from '../transaction/timer-values.js';

/**
 * When a 2xx to an INVITE is sent again, ms after it was sent first: T1, then doubling up to T2, until 64*T1, on every
 * transport (RFC 3261 section 13.3.1.4). Returns `undefined` when the wait is over.
 */
function nextRepetitionMs(elapsedMs: number, gapMs: number, timers: TimerOptions): number | undefined {
  const nextMs = elapsedMs + gapMs;
  return nextMs < 64 * timers.t1Ms ? nextMs : undefined;
}

export interface AcceptedResponseDeps {
  readonly clock: Clock;
  readonly timers: TimerOptions;
  /** Sends the 2xx again. */
  readonly repeat: () => void;
  /** No ACK for 64*T1. */
  readonly onTimeout: () => void;
}

/** A 2xx to an INVITE waiting for its ACK. Starts on creation. */
export class AcceptedResponse {
  readonly #deps: AcceptedResponseDeps;
  #timer: TimerHandle | undefined;
  #elapsedMs = 0;
  #gapMs: number;

  constructor(deps: AcceptedResponseDeps) {
    this.#deps = deps;
    this.#gapMs = deps.timers.t1Ms;
    this.#wait();
  }

  /** The ACK came, or nobody waits for it any longer. */
  stop(): void {
    this.#deps.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    const { clock, timers } = this.#deps;
    const nextMs = nextRepetitionMs(this.#elapsedMs, this.#gapMs, timers);
    const delayMs = (nextMs ?? 64 * timers.t1Ms) - this.#elapsedMs;
    this.#timer = clock.setTimeout(() => (nextMs === undefined ? this.#giveUp() : this.#repeat(nextMs)), delayMs);
  }

  #repeat(elapsedMs: number): void {
    this.#elapsedMs = elapsedMs;
    this.#gapMs = Math.min(this.#gapMs * 2, this.#deps.timers.t2Ms);
    this.#wait();
    this.#deps.repeat();
  }

  #giveUp(): void {
    this.#timer = undefined;
    this.#deps.onTimeout();
  }
}
