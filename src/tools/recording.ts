import { builtInTiming } from './built-in-timing.js';
import type { Tool } from './tool.js';

const descriptions = {
  pause_recording: 'Stops the recording of this call, before the caller says a card number or another secret.',
  resume_recording: 'Goes on with the recording of this call, after the caller has said the secret.',
} as const;

/** `pause_recording`, `resume_recording`: what is said in between is silence in the recording. */
export function createRecordingTool(name: keyof typeof descriptions): Tool {
  return {
    definition: {
      name,
      description: descriptions[name],
      parameters: { type: 'object', properties: {}, additionalProperties: false },
    },
    timing: builtInTiming,
    async run(_call, { phone }) {
      const recorded = phone.pauseRecording(name === 'pause_recording');
      return { output: recorded ? { ok: true } : { ok: true, note: 'this call is not recorded' }, reply: true };
    },
  };
}
