/** A running timer, to be handed back to {@link Clock.clearTimeout}. Opaque. */
export type TimerHandle = { readonly timer: unique symbol } | NodeJS.Timeout | number;

/**
 * Time as everything in the connector sees it. Nothing outside this file reads `Date.now`, `performance.now` or
 * `setTimeout`, so a test can hold time still.
 */
export interface Clock {
  /** Monotonic milliseconds with a fraction; the origin is arbitrary. For intervals. */
  now(): number;
  /** Milliseconds since the Unix epoch. For records that people read. */
  wallTime(): number;
  /**
   * Calls `callback` once after `delayMs`. Delays above 2^31-1 ms are clamped to that (about 24.8 days): Node would
   * fire them at once.
   */
  setTimeout(callback: () => void, delayMs: number): TimerHandle;
  clearTimeout(timer: TimerHandle | undefined): void;
}

/** The longest delay `setTimeout` honours, ms. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The process's own clock. Made by the composition root (`connector.ts`, `cli.ts`) and passed down from there. */
export function createSystemClock(): Clock {
  return {
    now: () => performance.now(),
    wallTime: () => Date.now(),
    setTimeout: (callback, delayMs) => setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_TIMEOUT_MS)),
    clearTimeout: (timer) => {
      if (timer !== undefined) clearTimeout(timer as NodeJS.Timeout);
    },
  };
}
