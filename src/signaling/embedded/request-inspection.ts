import { optionsHeadersOf, REPLACES_TAG, supportedTags, TIMER_TAG } from '../capabilities.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { SipRequest } from '../message/sip-message.js';
import type { Refusal } from '../refusal.js';
import { inspectRequest as inspect } from '../request-inspection.js';
import type { SipFlow } from './transport/sip-transport.js';

/** Option tags that a peer may require. */
export function ownTags(sessionTimers: boolean): ReadonlySet<string> {
  return new Set([...supportedTags, ...(sessionTimers ? [TIMER_TAG] : []), REPLACES_TAG]);
}

/** What a 200 to OPTIONS says (RFC 3261 section 11.2) where we support these option tags. */
export function ownOptionsHeaders(supported: ReadonlySet<string>): readonly HeaderField[] {
  return optionsHeadersOf(supported);
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
