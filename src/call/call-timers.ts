import type { Clock, TimerHandle } from '../base/clock.js';
import type { CallOptions } from './call-options.js';
import type { CallTimer } from './call-state.js';

/** The timers of one call. */
export class CallTimers {
  readonly #clock: Clock;
  readonly #delaysMs: Readonly<Record<CallTimer, number>>;
  readonly #onTimer: (timer: CallTimer) => void;
  /** One or two at a time: a short list beats a map. */
  #running: readonly { readonly timer: CallTimer; readonly handle: TimerHandle }[] = [];

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
      this.#forget(timer);
      this.#onTimer(timer);
    }, this.#delaysMs[timer]);
    // Not spread: V8 would make room for sixteen more.
    this.#running = this.#running.concat({ timer, handle });
  }

  disarm(timer: CallTimer): void {
    const running = this.#running.find((each) => each.timer === timer);
    if (!running) return;
    this.#clock.clearTimeout(running.handle);
    this.#forget(timer);
  }

  #forget(timer: CallTimer): void {
    this.#running = this.#running.filter((each) => each.timer !== timer);
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
