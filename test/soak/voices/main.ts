/**
 * Measurements of speech servers: `npm run soak -- first-sound` for what their engines add, `first-packet` for what the whole
 * connector does, `router-calls` for tiers that are killed in the middle of a sentence. `SOAK_SCALE=0.1` makes a tenth of it, for a quick look.
 */
import { runParts } from '../lib/run-parts.js';
import { measureFirstPacket } from './first-packet.js';
import { measureFirstSound } from './first-sound.js';
import { measureRouterCalls } from './router-calls.js';

await runParts({
  'first-sound': measureFirstSound,
  'first-packet': measureFirstPacket,
  'router-calls': measureRouterCalls,
});
