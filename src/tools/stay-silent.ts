import { builtInTiming } from './built-in-timing.js';
import type { Tool } from './tool.js';

/**
 * `stay_silent`: the agent has no answer to what it heard. A model that is asked for a reply always makes one; this is how
 * it says nothing to music, to an announcement that goes on, or to somebody who asks it to wait.
 */
export function createStaySilentTool(): Tool {
  return {
    definition: {
      name: 'stay_silent',
      description:
        'Says nothing and goes on listening, in place of an answer. For music, a recorded announcement that goes on, ' +
        'somebody who asks you to wait or speaks to somebody else.',
      parameters: { type: 'object', properties: {}, additionalProperties: false },
    },
    timing: builtInTiming,
    run: async () => ({ output: { ok: true }, reply: false }),
  };
}
