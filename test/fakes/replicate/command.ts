import { hostedCommand } from '../hosted/command.js';
import { isSpeechFault } from '../speech-server/faults.js';
import { startFakeReplicate } from './fake.js';
import { allReplicateFaults, isReplicateFault } from './faults.js';

/** Replicate's predictions, by hand. */
export const replicateCommand = hostedCommand({
  name: 'replicate',
  title: 'Replicate with Chatterbox Turbo',
  options: [],
  variants: [],
  faults: allReplicateFaults,
  section: (url, key) => `{ provider: replicate, baseUrl: "${url}", apiKey: "${key}" }`,
  open: ({ variant: _, ...options }) => startFakeReplicate({ ...options, realTimeFactor: 0.4, coldStartMs: 8_000 }),
  fail(fake, fault) {
    if (isSpeechFault(fault) || isReplicateFault(fault)) fake.fail(fault);
  },
});
