import { withoutBrackets } from '../../../base/ip-text.js';
import { canonicalHost } from '../../message/host.js';
import { parseNameAddrList, serializeNameAddr } from '../../message/name-addr.js';
import type { SipResponse } from '../../message/sip-message.js';
import { parseSipUri } from '../../message/sip-uri.js';
import type { OutboundRequest } from '../../port.js';

/** Proxies of one Service-Route that are taken. */
const MAX_PROXIES = 8;

/** The way out of a registrar's network for one extension, nearest proxy first; empty where it names none. */
export type ServiceRoute = readonly string[];

/** The Service-Route of a 200 to REGISTER (RFC 3608 section 5). One with an unreadable or strict entry is no way. */
export function serviceRouteOf({ headers }: SipResponse): ServiceRoute {
  const values = headers.getAll('Service-Route').map(parseNameAddrList);
  const entries = values.flatMap((list) => list ?? []);
  const sound = !values.includes(undefined) && entries.length <= MAX_PROXIES;
  const loose = entries.every(({ uri }) => parseSipUri(uri)?.params.has('lr') === true);
  return sound && loose ? entries.map(serializeNameAddr) : [];
}

/** The ways that registrars gave our extensions, for calls of those extensions in that domain. */
export class ServiceRoutes {
  readonly #routes = new Map<string, ServiceRoute>();

  /** @param user extension, or user for authentication */
  set(user: string, domain: string, route: ServiceRoute): void {
    if (route.length === 0) this.#routes.delete(keyOf(user, domain));
    else this.#routes.set(keyOf(user, domain), route);
  }

  /** The way for a call: whose credentials or number are an extension's, in the domain that the call goes to. */
  for({ auth, fromUser, uri }: Pick<OutboundRequest, 'auth' | 'fromUser' | 'uri'>): ServiceRoute {
    const domain = parseSipUri(uri)?.host ?? '';
    const user = auth?.user ?? fromUser;
    return this.#routes.get(keyOf(user, domain)) ?? [];
  }
}

function keyOf(user: string, domain: string): string {
  return `${user}@${canonicalHost(withoutBrackets(domain)).toLowerCase()}`;
}
