import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import type { PriceConfig } from './config.js';
import { priceSchema } from './schema/cost.js';

const file = z.strictObject({ date: z.iso.date(), prices: z.array(priceSchema) });

/** The list of prices that comes with the package, and the day it was made. */
export interface BuiltInPrices {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly prices: readonly PriceConfig[];
}

/** Reads `sip-config/prices.yaml` of this package. Throws where that is damaged: it is part of the program. */
export function readBuiltInPrices(): BuiltInPrices {
  const manifest = createRequire(import.meta.url).resolve('sip-voice-connector/package.json');
  return file.parse(parse(readFileSync(join(dirname(manifest), 'sip-config', 'prices.yaml'), 'utf8')));
}
