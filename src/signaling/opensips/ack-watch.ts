import type { Clock, TimerHandle } from '../../base/clock.js';
import type { UaSession } from './ua-session.js';

export interface AckWatchOptions {
  /** Delays between questions, ms; the last one repeats. */
  readonly pollMs: readonly number[];
  /** 64*T1 of RFC 3261 section 13.3.1.4, ms. */
  readonly patienceMs: number;
  /** How long the event of an ACK is waited for that OpenSIPS has seen: it may carry an answer. */
  readonly eventGraceMs: number;
}

export const ackWatchDefaults = {
  pollMs: [20, 40, 80, 160, 300, 500],
  patienceMs: 32_000,
  eventGraceMs: 100,
} as const satisfies AckWatchOptions;

export interface AckWatchParts {
  readonly session: UaSession;
  readonly clock: Clock;
  readonly options: AckWatchOptions;
  /** The ACK brings an answer, which only its event tells. */
  readonly offered: boolean;
  /** The ACK has come, and its event has not. */
  readonly onSeen: () => void;
  readonly onTimeout: () => void;
  /** OpenSIPS knows the session no longer. */
  readonly onGone: () => void;
}

/**
 * Waits for the ACK of a 2xx. OpenSIPS tells of it only where the script has flag `a`, which that of the Python connector
 * has not; so it is asked for the state of the session meanwhile. It is OpenSIPS that repeats the 2xx.
 */
export class AckWatch {
  readonly #parts: AckWatchParts;
  readonly #deadline: TimerHandle;
  #timer: TimerHandle | undefined;
  #asked = 0;
  #stopped = false;

  constructor(parts: AckWatchParts) {
    this.#parts = parts;
    const { clock, options } = parts;
    this.#deadline = clock.setTimeout(() => this.#end(parts.onTimeout), options.patienceMs);
    this.#askLater();
  }

  /** The event came, or nobody waits any more. */
  stop(): void {
    this.#stopped = true;
    this.#parts.clock.clearTimeout(this.#deadline);
    this.#parts.clock.clearTimeout(this.#timer);
  }

  #end(tell: () => void): void {
    if (this.#stopped) return;
    this.stop();
    tell();
  }

  #askLater(): void {
    const { clock, options } = this.#parts;
    const delayMs = options.pollMs[Math.min(this.#asked, options.pollMs.length - 1)] ?? options.patienceMs;
    this.#asked += 1;
    this.#timer = clock.setTimeout(() => void this.#ask(), delayMs);
  }

  async #ask(): Promise<void> {
    const { session, clock, options, offered, onSeen, onGone } = this.#parts;
    const state = await session.state();
    if (this.#stopped) return;
    switch (state) {
      case 'established':
      case 'modified':
        if (offered) this.#timer = clock.setTimeout(() => this.#end(onSeen), options.eventGraceMs);
        else this.#end(onSeen);
        return;
      case 'gone':
        this.#end(onGone);
        return;
      default:
        this.#askLater();
    }
  }
}
