import type { Logger } from '../flavor-api/logger.js';

/** A log for where nobody listens. */
export const silentLog: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
