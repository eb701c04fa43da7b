import {
  ACCEPT_INVITE,
  ALLOW,
  allowedMethods,
  optionsHeaders,
  refusedMethods,
  supportedTags,
} from '../capabilities.js';
import { isSecure } from '../dns/service-plan.js';
import { tokenList } from '../message/lexical.js';
import type { SipRequest } from '../message/sip-message.js';
import { uriScheme } from '../message/sip-uri.js';
import type { Refusal } from '../refusal.js';
import { acceptsSdp } from '../session-body.js';
import type { SipFlow } from './transport/sip-transport.js';

/** Option tags that a peer may require: also what of the drivers only this one does (RFC 3891). */
const understoodTags: ReadonlySet<string> = new Set([...supportedTags, 'replaces']);

/** Schemes of a Request-URI we answer to. `sips` asks for TLS on every hop, this last one included (RFC 5630). */
const schemes: ReadonlySet<string | undefined> = new Set(['sip', 'tel']);
const secureSchemes: ReadonlySet<string | undefined> = new Set([...schemes, 'sips']);

/** What a 200 to OPTIONS says (RFC 3261 section 11.2). */
export const ownOptionsHeaders = optionsHeaders.map(([name, value]): readonly [string, string] =>
  name === 'Supported' ? [name, [...understoodTags].join(', ')] : [name, value],
);

/**
 * Whether a sound request asks for something we cannot do, in the order of RFC 3261 section 8.2: method, Request-URI,
 * Require. `undefined`: go on. REFER is let through inside a dialog, where it is declined by name (603).
 */
export function inspectRequest(request: SipRequest, inDialog: boolean, flow: SipFlow): Refusal | undefined {
  const { method, headers } = request;
  if (!allowedMethods.has(method) && !(inDialog && method === 'REFER')) {
    return { status: refusedMethods.has(method) ? 405 : 501, headers: [['Allow', ALLOW]] };
  }
  const known = isSecure(flow.protocol) ? secureSchemes : schemes;
  if (!known.has(uriScheme(request.uri))) return { status: 416, headers: [] };
  // Section 8.2.2.3: not for CANCEL and ACK, which do not come this way.
  const unsupported = tokenList(headers.getAll('Require')).filter((tag) => !understoodTags.has(tag.toLowerCase()));
  if (unsupported.length > 0) return { status: 420, headers: [['Unsupported', unsupported.join(', ')]] };
  if (method === 'INVITE' && !acceptsSdp(headers)) return { status: 406, headers: [['Accept', ACCEPT_INVITE]] };
  return undefined;
}
