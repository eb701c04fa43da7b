import { parentPort, resourceLimits } from 'node:worker_threads';

/** Tells what its heap was allowed, and has no part in media. */
parentPort?.postMessage({ type: 'notice', message: `${resourceLimits.maxYoungGenerationSizeMb} MB` });
