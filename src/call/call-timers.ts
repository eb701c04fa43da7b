import type { Clock, TimerHandle } from '../base/clock.js';
import type { CallOptions } from './call-options.js';
import type { CallTimer } from './call-state.js';

/** The timers of one call. */
export class CallTimers {
  readonly #clock: Clock;
  readonly #delaysMs: Readonly<Record<CallTimer, number>>;
  readonly #onTimer: (timer: CallTimer) => void;
  readonly #running = new Map<CallTimer, TimerHandle>();

  /** @param delaysMs after arming; @param onTimer once for each timer that runs out */
  constructor(clock: Clock, delaysMs: Readonly<Record<CallTimer, number>>, onTimer: (timer: CallTimer) => void) {
    this.#clock = clock;
    this.#delaysMs = delaysMs;
    this.#onTimer = onTimer;
  }

  /** Starts a timer, anew if it runs. */
  arm(timer: CallTimer): void {
    this.disarm(timer);
    const handle = this.#clock.setTimeout(() => {
      this.#running.delete(timer);
      this.#onTimer(timer);
    }, this.#delaysMs[timer]);
    this.#running.set(timer, handle);
  }

  disarm(timer: CallTimer): void {
    this.#clock.clearTimeout(this.#running.get(timer));
    this.#running.delete(timer);
  }
}

/** How long each timer of a call runs, ms. */
export function timerDelays({ answer, limits, ending }: CallOptions): Readonly<Record<CallTimer, number>> {
  return {
    delay: answer.delayMs,
    open: limits.openMs,
    warning: limits.callMs - ending.warningMs,
    duration: limits.callMs,
    abandon: limits.abandonMs,
  };
}
