import type { ResourceLimits } from 'node:worker_threads';

/**
 * For each thread of ours. V8 lets the young generation of a thread grow to 48 MB (192 with Node 24), whatever little of it
 * lives, and a collection of a small one is short: 6 MB are two halves of 2 MB, and as much for large objects.
 */
export const threadLimits: Readonly<ResourceLimits> = { maxYoungGenerationSizeMb: 6 };
