/**
 * Measurements of turn-taking at simulated time, with the connector's own media plane: `npm run soak -- turns heard`.
 * `SOAK_SCALE=0.1` takes a tenth of the sounds, for a quick look.
 */
import { runParts } from '../lib/run-parts.js';
import { measureHeard } from './heard.js';
import { measureTurns } from './turns.js';

await runParts({
  turns: measureTurns,
  heard: measureHeard,
});
