/** What the engines of speech servers add to the servers' own time: `npm run soak -- first-sound`. */
import { runParts } from '../lib/run-parts.js';
import { measureFirstSound } from './first-sound.js';

await runParts({ 'first-sound': measureFirstSound });
