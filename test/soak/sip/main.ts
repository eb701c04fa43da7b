/**
 * What a hostile network, too many callers and a long life do to the SIP side: `npm run soak -- fuzz overload calls`.
 * `SOAK_SCALE=0.1` takes a tenth of it, for a quick look.
 */
import { runParts } from '../lib/run-parts.js';
import { measureCalls } from './calls.js';
import { measureFuzz } from './fuzz.js';
import { measureOverload } from './overload.js';

await runParts({
  fuzz: measureFuzz,
  overload: measureOverload,
  calls: measureCalls,
});
