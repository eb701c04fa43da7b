import type { Clock } from '../base/clock.js';

/** What takes longer than this is told of, ms. */
const PATIENCE_MS = 1000;

/** What `work` comes to. `say` is called when it takes long. */
export async function patiently<Result>(work: Promise<Result>, clock: Clock, say: () => void): Promise<Result> {
  const timer = clock.setTimeout(say, PATIENCE_MS);
  try {
    return await work;
  } finally {
    clock.clearTimeout(timer);
  }
}
