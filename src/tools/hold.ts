import { builtInTiming } from './built-in-timing.js';
import type { Tool } from './tool.js';
import { misfit, onlyArgument } from './tool-arguments.js';

const MAX_SECONDS = 300;
/** Over the time asked for: the re-INVITEs at both ends. */
const SLACK_MS = 60_000;

const parameters = {
  type: 'object',
  properties: {
    seconds: { type: 'integer', minimum: 1, maximum: MAX_SECONDS, description: 'How long, in seconds.' },
  },
  required: ['seconds'],
  additionalProperties: false,
} as const;

/** `hold`: the caller waits on hold for a while. */
export function createHoldTool(): Tool {
  return {
    definition: {
      name: 'hold',
      description: 'Puts the caller on hold and comes back after some seconds. Say so first, in the same turn.',
      parameters,
    },
    timing: { ...builtInTiming, timeoutMs: MAX_SECONDS * 1000 + SLACK_MS },
    async run(call, { phone }, signal) {
      const seconds = onlyArgument(call.arguments, 'seconds');
      if (!isDuration(seconds)) throw misfit(`seconds must be a whole number from 1 to ${MAX_SECONDS}`);
      await phone.hold(seconds, signal);
      return { output: { ok: true }, reply: true };
    },
  };
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_SECONDS;
}
