/** Entry point of the process that floods. */
import { serve } from '../lib/child.js';
import { Flood } from './flood.js';
import type { FloodApi } from './flood-api.js';

serve<FloodApi>({ run: (options) => new Flood(options).run() }, () => {});
