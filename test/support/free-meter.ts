import type { CallMeter } from '../../src/ops/cost/spend-book.js';

/** A meter of a call that costs nothing. */
export const freeMeter: CallMeter = { add: () => {}, cost: { usd: null, unpriced: [] }, close: () => {} };
