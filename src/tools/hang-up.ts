import { builtInTiming } from './built-in-timing.js';
import type { Tool } from './tool.js';

/** `hang_up`: the agent ends the call after its goodbye was heard. */
export function createHangUpTool(): Tool {
  return {
    definition: {
      name: 'hang_up',
      description: 'Ends the phone call. Say goodbye first, in the same turn: it is played to its end.',
      parameters: { type: 'object', properties: {}, additionalProperties: false },
    },
    timing: builtInTiming,
    async run(call, { phone }) {
      if (phone.hangUp(call.responseId)) return { output: { ok: true }, reply: false };
      return {
        output: { ok: false, problem: 'The transfer goes on, and ends the call when it succeeds.' },
        reply: false,
      };
    },
  };
}
