import type { PriceConfig } from './config.js';
import { readBuiltInPriceSet } from './price-sets.js';

/** The list of prices that comes with the package, and the day it was made. */
export interface BuiltInPrices {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly prices: readonly PriceConfig[];
}

/** Reads `sip-config/prices.yaml` of this package. Throws where that is damaged: it is part of the program. */
export function readBuiltInPrices(): BuiltInPrices {
  return readBuiltInPriceSet('today');
}
