import { ACCEPT_INVITE, ALLOW, allowedMethods, refusedMethods } from './capabilities.js';
import { isSecure } from './dns/service-plan.js';
import { tokenList } from './message/lexical.js';
import { parseNameAddrList } from './message/name-addr.js';
import type { SipHeaders } from './message/sip-headers.js';
import type { SipRequest } from './message/sip-message.js';
import { uriScheme } from './message/sip-uri.js';
import type { SipProtocol } from './port.js';
import type { Refusal } from './refusal.js';
import { acceptsSdp } from './session/session-body.js';

/** Schemes of a Request-URI we answer to. `sips` asks for TLS on every hop, this last one included (RFC 5630). */
const schemes: ReadonlySet<string | undefined> = new Set(['sip', 'tel']);
const secureSchemes: ReadonlySet<string | undefined> = new Set([...schemes, 'sips']);

/** Requests whose Contact is where ours in the dialog go from then on. */
const targetRequests: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'REFER', 'NOTIFY']);

/**
 * Whether a sound request asks for something we cannot do, in the order of RFC 3261 section 8.2: method, Request-URI,
 * Require. `undefined`: go on. REFER is let through inside a dialog, where it is declined by name (603).
 *
 * @param understoodTags option tags that a peer may require, lower case
 */
export function inspectRequest(
  request: SipRequest,
  inDialog: boolean,
  protocol: SipProtocol,
  understoodTags: ReadonlySet<string>,
): Refusal | undefined {
  const { method } = request;
  if (!allowedMethods.has(method) && !(inDialog && method === 'REFER')) {
    return { status: refusedMethods.has(method) ? 405 : 501, headers: [['Allow', ALLOW]] };
  }
  const known = isSecure(protocol) ? secureSchemes : schemes;
  if (!known.has(uriScheme(request.uri))) return { status: 416, headers: [] };
  return inspectExtensions(request, understoodTags);
}

/**
 * The part of {@link inspectRequest} that looks at header fields alone: Require, Contact, Replaces and Accept. Not for CANCEL and
 * ACK (RFC 3261 section 8.2.2.3), which do not come this way.
 */
export function inspectExtensions(
  { method, headers }: Pick<SipRequest, 'method' | 'headers'>,
  understoodTags: ReadonlySet<string>,
): Refusal | undefined {
  const unsupported = tokenList(headers.getAll('Require')).filter((tag) => !understoodTags.has(tag.toLowerCase()));
  if (unsupported.length > 0) return { status: 420, headers: [['Unsupported', unsupported.join(', ')]] };
  if (targetRequests.has(method) && namesNoPlace(headers)) return { status: 400, headers: [] };
  // RFC 3891 section 3.
  if (method !== 'INVITE' && headers.has('Replaces')) return { status: 400, headers: [] };
  if (method === 'INVITE' && !acceptsSdp(headers)) return { status: 406, headers: [['Accept', ACCEPT_INVITE]] };
  return undefined;
}

/**
 * Whether a Contact names no place that SIP goes to: `*`, or a `tel:` URI (RFC 3261 section 8.1.1.8). One that is left out is
 * forgiven, as RFC 2543 did.
 */
export function namesNoPlace(headers: SipHeaders): boolean {
  const contact = headers.get('Contact');
  if (contact === undefined) return false;
  const scheme = uriScheme(parseNameAddrList(contact)?.[0]?.uri ?? '');
  return scheme !== 'sip' && scheme !== 'sips';
}
