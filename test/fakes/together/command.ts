import { hostedCommand } from '../hosted/command.js';
import { isSpeechFault } from '../speech-server/faults.js';
import { startFakeTogether } from './fake.js';
import { allTogetherFaults, isTogetherFault } from './faults.js';

const shapes = ['delta', 'b64'] as const;

/** Together.ai's speech, by hand. */
export const togetherCommand = hostedCommand({
  name: 'together',
  title: "Together.ai's speech",
  options: [`--variant V    how events look: ${shapes.join(', ')} (default: delta)`],
  variants: shapes,
  faults: allTogetherFaults,
  section: (url, key) => `{ provider: together, baseUrl: "${url}", apiKey: "${key}" }`,
  open: ({ variant, ...options }) =>
    startFakeTogether({
      ...options,
      shape: shapes.find((known) => known === variant) ?? 'delta',
      realTimeFactor: 0.1,
    }),
  fail(fake, fault) {
    if (isSpeechFault(fault) || isTogetherFault(fault)) fake.fail(fault);
  },
});
