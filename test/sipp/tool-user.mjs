import { defineFlavor, FlavorEventQueue } from 'sip-voice-connector/flavor';
import { z } from 'zod';

/**
 * A flavor whose agent says nothing and uses one tool as soon as the call is answered: what a model would do, without
 * one. `tool` and `arguments` are configured.
 */
/** @satisfies {import('sip-voice-connector/flavor').AudioFormat} */
const format = { encoding: 'mulaw', sampleRate: 8000 };

export default defineFlavor({
  manifest: {
    id: 'tool-user',
    displayName: 'Tool user',
    apiVersion: 1,
    configSchema: z.strictObject({ tool: z.string(), arguments: z.record(z.string(), z.unknown()) }),
  },
  create: (config) => ({
    capabilities: {
      kind: 'speech-to-speech',
      input: [format],
      output: [format],
      turnTaking: 'flavor',
      truncation: false,
      tools: true,
      verbatimSpeech: false,
      needsVad: false,
      interruptible: false,
    },
    check: async () => {},
    open: async ({ signal }) => {
      const events = new FlavorEventQueue();
      const end = () => events.push({ type: 'end', reason: 'aborted' });
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
      return {
        events,
        write: () => {},
        start: () => events.push({ type: 'tool-call', id: '1', name: config.tool, arguments: config.arguments }),
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
