/**
 * Measurements of whole calls with the flavor `openai-realtime`: `npm run soak -- latency greeting ...`. `SOAK_SCALE=0.1`
 * makes a tenth of the calls, for a quick look.
 */
import { runParts } from '../lib/run-parts.js';
import { measureBargeIn } from './barge-in.js';
import { measureFaults } from './faults.js';
import { measureGreeting } from './greeting.js';
import { measureLatency } from './latency.js';
import { measureRandomFaults } from './random-faults.js';
import { measureTruncation } from './truncation.js';

await runParts({
  latency: measureLatency,
  truncation: measureTruncation,
  greeting: measureGreeting,
  'barge-in': measureBargeIn,
  faults: measureFaults,
  'random-faults': measureRandomFaults,
});
