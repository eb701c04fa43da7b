import { defineFlavor, FlavorError } from 'sip-voice-connector/flavor';
import { z } from 'zod';

/** @satisfies {import('sip-voice-connector/flavor').AudioFormat} */
const format = { encoding: 'mulaw', sampleRate: 8000 };

/** A flavor no call gets a session of: `opens: false` fails at once, `never` has the caller wait. */
export default defineFlavor({
  manifest: {
    id: 'failing',
    displayName: 'Failing',
    apiVersion: 1,
    configSchema: z.strictObject({ opens: z.union([z.literal(false), z.literal('never')]) }),
  },
  create: (config) => ({
    capabilities: {
      kind: 'speech-to-speech',
      input: [format],
      output: [format],
      turnTaking: 'flavor',
      truncation: false,
      tools: false,
      verbatimSpeech: false,
      needsVad: false,
      interruptible: false,
    },
    check: async () => {},
    open: ({ signal }) =>
      new Promise((_resolve, reject) => {
        const fail = () => reject(new FlavorError('ERR_FLAVOR_NETWORK', 'nobody is there'));
        if (config.opens === false) fail();
        else signal.addEventListener('abort', fail, { once: true });
      }),
    [Symbol.asyncDispose]: async () => {},
  }),
});
