import { readFileSync } from 'node:fs';
import type { ProcessStalls } from './connector-api.js';

const TICK_MS = 10;

/** Watches how long the event loop of this process does not come round, from the first look on: watching costs 3 % of a core. */
export class StallWatch {
  #longestMs = 0;
  #longestBusyMs = 0;
  #watching = false;

  #start(): void {
    this.#watching = true;
    let lastMs = performance.now();
    let lastBusyMs = busyMs();
    const tick = (): void => {
      const [nowMs, nowBusyMs] = [performance.now(), busyMs()];
      const gapMs = nowMs - lastMs - TICK_MS;
      this.#longestMs = Math.max(this.#longestMs, gapMs);
      this.#longestBusyMs = Math.max(this.#longestBusyMs, Math.min(gapMs, nowBusyMs - lastBusyMs));
      lastMs = nowMs;
      lastBusyMs = nowBusyMs;
    };
    setInterval(tick, TICK_MS).unref();
  }

  /** The longest since the last look. */
  take(): ProcessStalls {
    if (!this.#watching) this.#start();
    const stalls = { longestMs: this.#longestMs, longestBusyMs: this.#longestBusyMs };
    this.#longestMs = 0;
    this.#longestBusyMs = 0;
    return stalls;
  }
}

/** Processor time of this thread: the collector's own threads may work while the loop waits for nothing. */
function busyMs(): number {
  const nanoseconds = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ', 1)[0];
  return Number(nanoseconds) / 1e6;
}
