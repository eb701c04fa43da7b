import type { Clock } from '../base/clock.js';
import { builtInTiming } from './built-in-timing.js';
import type { Tool } from './tool.js';
import { misfit, onlyArgument } from './tool-arguments.js';

const PAUSE_MS = 500;
const DIGITS = /^[0-9A-Da-d*#w]{1,32}$/;

const parameters = {
  type: 'object',
  properties: {
    digits: {
      type: 'string',
      pattern: DIGITS.source,
      description: 'The keys to press, in order: 0 to 9, *, #, A to D; w waits half a second.',
    },
  },
  required: ['digits'],
  additionalProperties: false,
} as const;

/**
 * `send_dtmf`: presses keys (RFC 4733, or INFO). The digits are in no log. For one call: what a model asks for at the same
 * time is pressed in turn, pauses included, as it was asked for.
 *
 * In a call of ours (`outbound`) it is a menu that the keys are for, and whatever is said of them would be said to a
 * machine: the agent listens to what comes of them. A caller who rang us waits to be told that it is done.
 */
export function createSendDtmfTool(clock: Clock, { outbound }: { readonly outbound: boolean }): Tool {
  let before: Promise<unknown> = Promise.resolve();
  return {
    definition: {
      name: 'send_dtmf',
      description: 'Presses keys on the phone, for example to answer the menu of another phone system.',
      parameters,
    },
    timing: builtInTiming,
    async run(call, { phone }, signal) {
      const digits = onlyArgument(call.arguments, 'digits');
      if (typeof digits !== 'string' || !DIGITS.test(digits)) {
        throw misfit('digits must be 1 to 32 of 0 to 9, *, #, A to D and w');
      }
      const pressed = before.then(async () => {
        for (const part of digits.match(/w|[^w]+/g) ?? []) {
          signal.throwIfAborted();
          if (part === 'w') await pause(clock, signal);
          else await phone.sendDigits(part.toUpperCase());
        }
      });
      before = pressed.catch(() => undefined);
      await pressed;
      return { output: { ok: true }, reply: !outbound };
    },
  };
}

function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => done(), PAUSE_MS);
    const done = (): void => {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
  });
}
