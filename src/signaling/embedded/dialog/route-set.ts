import { type NameAddr, parseNameAddrList, serializeNameAddr } from '../../message/name-addr.js';
import type { SipHeaders } from '../../message/sip-headers.js';
import { parseSipUri, type SipUri, serializeSipUri, uriScheme } from '../../message/sip-uri.js';

/** Proxies between the two ends of a dialog, nearest first, as `name-addr` texts. Empty: the peer is next. */
export type RouteSet = readonly string[];

/** What a request in a dialog is addressed with (RFC 3261 section 12.2.1.1). */
export interface RequestAddress {
  readonly requestUri: string;
  /** Values of the Route header fields, in order. */
  readonly routes: readonly string[];
  /** URI of the element the request is sent to. */
  readonly nextHop: string;
}

/**
 * The route set out of Record-Route: in order for the UAS (RFC 3261 section 12.1.1), reversed for the UAC
 * (section 12.1.2). Unreadable entries are left out.
 */
export function routeSetOf(headers: SipHeaders, role: 'uas' | 'uac'): RouteSet {
  const routes: string[] = [];
  for (const value of headers.getAll('Record-Route')) {
    for (const nameAddr of parseNameAddrList(value) ?? []) routes.push(serializeNameAddr(nameAddr));
  }
  return role === 'uas' ? routes : routes.reverse();
}

/**
 * Addresses a request. A first route with `lr` routes loosely: the remote target stays the request-URI. One without is
 * a strict router of RFC 2543: it becomes the request-URI and the remote target the last route.
 */
export function addressRequest(routeSet: RouteSet, remoteTarget: string): RequestAddress {
  const [first, ...others] = routeSet;
  const firstRoute: NameAddr | undefined = first === undefined ? undefined : parseNameAddrList(first)?.[0];
  const firstUri = firstRoute === undefined ? undefined : parseSipUri(firstRoute.uri);
  if (firstRoute === undefined || firstUri === undefined) {
    return { requestUri: remoteTarget, routes: [], nextHop: remoteTarget };
  }
  if (firstUri.params.has('lr')) return { requestUri: remoteTarget, routes: routeSet, nextHop: firstRoute.uri };
  return {
    requestUri: withoutRequestParts(firstUri),
    routes: [...others, `<${remoteTarget}>`],
    nextHop: firstRoute.uri,
  };
}

/**
 * The Contact of a dialog as its remote target. `undefined` for one that SIP does not go to, a `tel:` URI for instance
 * (RFC 3261 section 8.1.1.8); one that cannot be read otherwise stays as it is.
 */
export function targetOf(contact: string): string | undefined {
  const scheme = uriScheme(contact);
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  const uri = parseSipUri(contact);
  const plain = uri === undefined || (uri.headers === undefined && !uri.params.has('method'));
  return plain ? contact : withoutRequestParts(uri);
}

/** Neither `method` nor header fields may stand in a request-URI (RFC 3261 section 19.1.1). */
function withoutRequestParts(uri: SipUri): string {
  const params = new Map(uri.params);
  params.delete('method');
  return serializeSipUri({ ...uri, params, headers: undefined });
}
