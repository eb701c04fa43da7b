import type { Clock } from '../../base/clock.js';

/** Resolves when all of `work` is over, however it ended, or after `mostMs`. */
export async function settle(
  work: Iterable<Promise<unknown> | undefined>,
  clock: Clock,
  mostMs: number,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.setTimeout(resolve, mostMs);
    void Promise.allSettled(work).then(() => {
      clock.clearTimeout(timer);
      resolve();
    });
  });
}
