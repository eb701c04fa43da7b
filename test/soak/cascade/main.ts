/**
 * Measurements of whole calls with the flavor `deepgram`, and of the tiers of `chatterbox-custom`:
 * `npm run soak -- cascade-latency ...`. `SOAK_SCALE=0.1` makes a tenth of the calls, for a quick look.
 */
import { runParts } from '../lib/run-parts.js';
import { measureFailOver } from './fail-over.js';
import { measureInterruptions } from './interruptions.js';
import { measureCascadeEager, measureCascadeLatency } from './latency.js';
import { measureCascadeLeak } from './leak.js';
import { measureCascadeLoad } from './load.js';
import { measurePatience } from './patience.js';
import { measureRealEar } from './real-ear.js';
import { measureRouter } from './router.js';

await runParts({
  'cascade-latency': measureCascadeLatency,
  'cascade-eager': measureCascadeEager,
  'cascade-interruptions': measureInterruptions,
  'cascade-patience': measurePatience,
  'cascade-fail-over': measureFailOver,
  'cascade-load': measureCascadeLoad,
  'cascade-leak': measureCascadeLeak,
  'cascade-real-ear': measureRealEar,
  router: measureRouter,
});
