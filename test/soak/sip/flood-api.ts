import type { FloodOptions, FloodReport } from './flood.js';

/** Callers in a process of their own, so that what they do does not disturb who measures. */
export type FloodApi = {
  /** Resolves when the last call is over. */
  run(options: FloodOptions): Promise<FloodReport>;
};
