import { builtInTiming } from './built-in-timing.js';
import type { Tool, TransferTarget } from './tool.js';
import { misfit, onlyArgument } from './tool-arguments.js';

/** Attempts of one call: a model that is talked into trying again and again shall not ring half the town. */
const MAX_TRANSFERS = 3;

/**
 * `transfer`: hands the caller over to one of the named targets. The model chooses a name and never a number, so that
 * nothing a caller says leads anywhere the operator did not list. For one call: it counts.
 *
 * @param targets at least one
 */
export function createTransferTool(targets: readonly TransferTarget[]): Tool {
  const parameters = {
    type: 'object',
    properties: {
      target: {
        type: 'string',
        enum: targets.map(({ name }) => name),
        description: targets.map(describe).join('; '),
      },
    },
    required: ['target'],
    additionalProperties: false,
  };
  let attempts = 0;
  let underWay = false;
  return {
    definition: {
      name: 'transfer',
      description:
        'Transfers the caller to somebody else. Say so first, in the same turn: it is played to its end. Until somebody answers the caller may stay with you; if it fails, the caller is still on the line.',
      parameters,
    },
    // Ringing comes on top of what a phone may take for a REFER.
    timing: {
      ...builtInTiming,
      timeoutMs: builtInTiming.timeoutMs + Math.max(...targets.map(({ ringMs = 0 }) => ringMs)),
    },
    async run(call, { phone }) {
      const wanted = onlyArgument(call.arguments, 'target');
      const target = targets.find(({ name }) => name === wanted);
      if (!target) throw misfit(`target must be one of ${targets.map(({ name }) => name).join(', ')}`);
      if (underWay) throw new Error('A transfer is under way already.');
      if (attempts >= MAX_TRANSFERS) throw new Error('There have been too many transfers in this call.');
      attempts += 1;
      underWay = true;
      try {
        const { ok, status } = await phone.transfer(target, call.responseId);
        if (!ok) throw new Error(failure(status));
        return { output: { ok: true }, reply: false };
      } finally {
        underWay = false;
      }
    },
  };
}

function describe({ name, description }: TransferTarget): string {
  return description === undefined ? name : `${name}: ${description}`;
}

/** RFC 3261 section 21, in words that can be said on the phone. */
const reasons: ReadonlyMap<number, string> = new Map([
  [404, 'that number does not exist'],
  [405, "the caller's phone system does not do transfers"],
  [408, 'nobody answered'],
  [480, 'nobody is available'],
  [481, 'the call is not established'],
  [486, 'the line is busy'],
  [487, 'it was cancelled'],
  [488, 'their phone has no common codec'],
  [501, "the caller's phone system does not do transfers"],
  [503, 'the line is out of service'],
  [600, 'the line is busy'],
  [603, 'they declined'],
]);

function failure(status: number): string {
  const reason = reasons.get(status) ?? `the phone system says ${status}`;
  return `The transfer failed: ${reason}. The caller is still on the line.`;
}
