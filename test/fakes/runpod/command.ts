import { hostedCommand } from '../hosted/command.js';
import { isSpeechFault } from '../speech-server/faults.js';
import { startFakeRunPod } from './fake.js';
import { allRunPodFaults, isRunPodFault } from './faults.js';

const handlers = ['stream', 'bare', 'whole'] as const;

/** RunPod's queue endpoints, by hand. */
export const runPodCommand = hostedCommand({
  name: 'runpod',
  title: "RunPod's serverless endpoints",
  options: [`--variant V    what an endpoint of one's own runs: ${handlers.join(', ')} (default: stream)`],
  variants: handlers,
  faults: allRunPodFaults,
  section: (url, key) => `{ provider: runpod, endpoint: my-endpoint, baseUrl: "${url}", apiKey: "${key}" }`,
  open: ({ variant, ...options }) =>
    startFakeRunPod({
      ...options,
      handler: handlers.find((known) => known === variant) ?? 'stream',
      realTimeFactor: 0.4,
      coldStartMs: 8_000,
    }),
  fail(fake, fault) {
    if (isSpeechFault(fault) || isRunPodFault(fault)) fake.fail(fault);
  },
});
