import { defineFlavor, FlavorError, FlavorEventQueue } from 'sip-voice-connector/flavor';
import { z } from 'zod';

/** @satisfies {import('sip-voice-connector/flavor').AudioFormat} */
const format = { encoding: 'mulaw', sampleRate: 8000 };

/** A second of a sound that is no silence: half-waves of 62.5 Hz. */
const greeting = Uint8Array.from({ length: 8000 }, (_, index) => ((index >> 6) % 2 === 0 ? 0x10 : 0x90));

/**
 * An agent as the suite needs one: `greet` speaks for a second once the call is answered, `fail` gets no session, `hesitate`
 * has the caller wait for one for ever.
 */
export default defineFlavor({
  manifest: {
    id: 'agent',
    displayName: 'Agent of the conformance suite',
    apiVersion: 1,
    configSchema: z.strictObject({ does: z.enum(['greet', 'fail', 'hesitate']) }),
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
    open: async ({ signal }) => {
      const aborted = new Promise((resolve) => {
        if (signal.aborted) resolve(undefined);
        else signal.addEventListener('abort', resolve, { once: true });
      });
      if (config.does === 'hesitate') await aborted;
      if (config.does !== 'greet') throw new FlavorError('ERR_FLAVOR_NETWORK', 'nobody is there', true);
      const events = new FlavorEventQueue();
      void aborted.then(() => events.push({ type: 'end', reason: 'aborted' }));
      return {
        events,
        write: () => {},
        start: () => {
          events.push({ type: 'audio', responseId: 'greeting', data: greeting });
          events.push({ type: 'audio-done', responseId: 'greeting' });
        },
        speak: () => {},
        interrupt: () => {},
        onPlayout: () => {},
        onDtmf: () => {},
        onToolResult: () => {},
        update: async () => {},
      };
    },
    [Symbol.asyncDispose]: async () => {},
  }),
});
