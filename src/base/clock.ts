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

/** Readings of both clocks of which the closest counts: one may be interrupted in between. */
const ORIGIN_READINGS = 5;

/**
 * The process's own clock. Made by the composition root (`connector.ts`, `cli.ts`) and passed down from there.
 *
 * @param originMs of another thread's clock ({@link clockOriginMs}): this one then counts from there too
 */
export function createSystemClock(originMs?: number): Clock {
  const own = { now: () => performance.now() };
  const aheadMs = originMs === undefined ? 0 : clockOriginMs(own) - originMs;
  return {
    now: () => performance.now() + aheadMs,
    wallTime: () => Date.now(),
    setTimeout: (callback, delayMs) => setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_TIMEOUT_MS)),
    clearTimeout: (timer) => {
      if (timer !== undefined) clearTimeout(timer as NodeJS.Timeout);
    },
  };
}

/**
 * When `now` was 0, ms of the machine's monotonic clock, which all threads share: in each thread `performance.now` has an
 * origin of its own.
 *
 * @param readMachineMs that clock; default: as Node reads it
 */
export function clockOriginMs(
  clock: Pick<Clock, 'now'>,
  readMachineMs = () => Number(process.hrtime.bigint()) / 1e6,
): number {
  let originMs = 0;
  let shortestMs = Number.POSITIVE_INFINITY;
  for (let reading = 0; reading < ORIGIN_READINGS; reading += 1) {
    const beforeMs = clock.now();
    const machineMs = readMachineMs();
    const tookMs = clock.now() - beforeMs;
    if (tookMs >= shortestMs) continue;
    shortestMs = tookMs;
    originMs = machineMs - beforeMs - tookMs / 2;
  }
  return originMs;
}
