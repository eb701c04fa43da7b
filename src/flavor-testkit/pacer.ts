import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds behind schedule after which lost time is given up instead of caught up. */
const GIVE_UP_MS = 200;

/** Lets `intervalMs` wall milliseconds pass per step on average, and the event loop turn at least once. */
export class Pacer {
  readonly #intervalMs: number;
  #nextAtMs: number;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
    this.#nextAtMs = performance.now();
  }

  async step(): Promise<void> {
    if (this.#intervalMs === 0) return nextTurn();
    this.#nextAtMs += this.#intervalMs;
    const waitMs = this.#nextAtMs - performance.now();
    if (waitMs < -GIVE_UP_MS) this.#nextAtMs = performance.now();
    await (waitMs > 0 ? sleep(waitMs) : nextTurn());
  }
}

/** Waits until `condition` holds, looking every few milliseconds, at most `deadlineMs`. Returns whether it holds. */
export async function eventually(condition: () => boolean, deadlineMs: number): Promise<boolean> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > end) return condition();
    await sleep(5);
  }
  return true;
}

/** What `promise` does within `deadlineMs`: its value, its error, or neither. Never rejects. */
export async function outcome<Value>(
  promise: Promise<Value>,
  deadlineMs: number,
): Promise<
  | { readonly state: 'resolved'; readonly value: Value; readonly tookMs: number }
  | { readonly state: 'rejected'; readonly error: unknown; readonly tookMs: number }
  | { readonly state: 'pending'; readonly tookMs: number }
> {
  const startedAtMs = performance.now();
  const tookMs = (): number => performance.now() - startedAtMs;
  const stop = new AbortController();
  const late = sleep(deadlineMs, undefined, { signal: stop.signal }).then(
    () => ({ state: 'pending', tookMs: tookMs() }) as const,
    () => ({ state: 'pending', tookMs: tookMs() }) as const,
  );
  const settled = promise.then(
    (value) => ({ state: 'resolved', value, tookMs: tookMs() }) as const,
    (error: unknown) => ({ state: 'rejected', error, tookMs: tookMs() }) as const,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    stop.abort();
  }
}
