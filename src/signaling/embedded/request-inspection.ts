import { optionsHeaders, supportedTags, TIMER_TAG } from '../capabilities.js';
import type { SipRequest } from '../message/sip-message.js';
import type { Refusal } from '../refusal.js';
import { inspectRequest as inspect } from '../request-inspection.js';
import type { SipFlow } from './transport/sip-transport.js';

/** Option tags that a peer may require: also what of the drivers only this one does (RFC 3891, RFC 4028). */
export function ownTags(sessionTimers: boolean): ReadonlySet<string> {
  return new Set([...supportedTags, ...(sessionTimers ? [TIMER_TAG] : []), 'replaces']);
}

/** What a 200 to OPTIONS says (RFC 3261 section 11.2) where we support these option tags. */
export function ownOptionsHeaders(supported: ReadonlySet<string>): readonly (readonly [string, string])[] {
  return optionsHeaders.map(([name, value]) =>
    name === 'Supported' ? [name, [...supported].join(', ')] : [name, value],
  );
}

/** {@link inspect} with what this endpoint understands. */
export function inspectRequest(
  request: SipRequest,
  inDialog: boolean,
  flow: SipFlow,
  supported: ReadonlySet<string>,
): Refusal | undefined {
  return inspect(request, inDialog, flow.protocol, supported);
}
