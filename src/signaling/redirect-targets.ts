import { parseNameAddrList } from './message/name-addr.js';
import type { SipResponse } from './message/sip-message.js';
import { parseSipUri } from './message/sip-uri.js';

/** Redirections followed in one call, and contacts tried of one. */
export const MAX_REDIRECTS = 5;

/** SIP URIs with a user part out of the Contact of a 3xx, the best first. */
export function redirectTargets({ headers }: SipResponse): readonly string[] {
  return headers
    .getAll('Contact')
    .flatMap((value) => parseNameAddrList(value) ?? [])
    .map(({ uri, params }) => ({ uri, q: Number(params.get('q') ?? '1') }))
    .filter(({ uri, q }) => q >= 0 && (parseSipUri(uri)?.user ?? '') !== '')
    .sort((left, right) => right.q - left.q)
    .slice(0, MAX_REDIRECTS)
    .map(({ uri }) => uri);
}
