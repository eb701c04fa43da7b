import { optionsHeaders, supportedTags } from '../capabilities.js';
import type { SipRequest } from '../message/sip-message.js';
import type { Refusal } from '../refusal.js';
import { inspectRequest as inspect } from '../request-inspection.js';
import type { SipFlow } from './transport/sip-transport.js';

/** Option tags that a peer may require: also what of the drivers only this one does (RFC 3891). */
const understoodTags: ReadonlySet<string> = new Set([...supportedTags, 'replaces']);

/** What a 200 to OPTIONS says (RFC 3261 section 11.2). */
export const ownOptionsHeaders = optionsHeaders.map(([name, value]): readonly [string, string] =>
  name === 'Supported' ? [name, [...understoodTags].join(', ')] : [name, value],
);

/** {@link inspect} with what this endpoint understands. */
export function inspectRequest(request: SipRequest, inDialog: boolean, flow: SipFlow): Refusal | undefined {
  return inspect(request, inDialog, flow.protocol, understoodTags);
}
