import type { Clock } from './clock.js';

/**
 * What `work` comes to, if it does within `limitMs`; the rejection that `late` makes otherwise. Work that is late goes
 * on: `onLate` gets what it comes to after all, to close it.
 */
export async function inTime<Result>(
  work: Promise<Result>,
  limitMs: number,
  clock: Clock,
  late: () => Error,
  onLate: (result: Result) => void = () => {},
): Promise<Result> {
  let isLate = false;
  let timer: ReturnType<Clock['setTimeout']> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = clock.setTimeout(() => {
      isLate = true;
      reject(late());
    }, limitMs);
  });
  work.then(
    (result) => {
      if (isLate) onLate(result);
    },
    () => {},
  );
  try {
    return await Promise.race([work, limit]);
  } finally {
    clock.clearTimeout(timer);
  }
}
