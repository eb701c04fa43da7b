/**
 * Measurements of the media plane in whole calls: `npm run soak -- burst concealment first-rtp silero strain wire`. `SOAK_SCALE=0.2` makes a
 * fifth of the calls, for a quick look.
 */
import { runParts } from '../lib/run-parts.js';
import { measureBurst } from './burst.js';
import { measureConcealment } from './concealment.js';
import { measureFirstRtp } from './first-rtp.js';
import { measureSilero } from './silero.js';
import { measureStrain } from './strain.js';
import { measureWire } from './wire.js';

await runParts({
  burst: measureBurst,
  concealment: measureConcealment,
  'first-rtp': measureFirstRtp,
  silero: measureSilero,
  strain: measureStrain,
  wire: measureWire,
});
