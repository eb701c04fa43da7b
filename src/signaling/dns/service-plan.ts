import { isIP } from 'node:net';
import type { Random } from '../../base/random.js';
import type { SipProtocol } from '../port.js';
import type { DnsClient, NaptrRecord, SrvRecord } from './dns-client.js';

/** One server of a service, as SRV names it. */
export interface ServiceHost {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly addresses: readonly string[];
}

/** What DNS says about one transport of a domain. */
export interface Service {
  readonly protocol: SipProtocol;
  readonly hosts: readonly ServiceHost[];
}

/** All that DNS says about a domain, best transport first. Each use puts its hosts into an order of its own. */
export type ServicePlan = readonly Service[];

/** What is asked for: the URI without what DNS has no part in. */
export interface ServiceQuestion {
  readonly host: string;
  readonly port: number | undefined;
  /** The protocol that the URI names. */
  readonly protocol: SipProtocol | undefined;
  /** A `sips:` URI: TLS or nothing. */
  readonly secure: boolean;
  /** What we speak, in order of preference. */
  readonly spoken: readonly SipProtocol[];
}

/** Ports where nothing says otherwise (RFC 3261 section 19.1.2, RFC 7118 section 5). */
export const defaultPorts = { udp: 5060, tcp: 5060, tls: 5061, ws: 80, wss: 443 } as const satisfies Record<
  SipProtocol,
  number
>;

/** Services of NAPTR (RFC 3263 section 4.1, RFC 7118 section 9.4). */
const naptrServices: ReadonlyMap<string, SipProtocol> = new Map([
  ['SIP+D2U', 'udp'],
  ['SIP+D2T', 'tcp'],
  ['SIPS+D2T', 'tls'],
  ['SIP+D2W', 'ws'],
  ['SIPS+D2W', 'wss'],
]);

/** Where SRV records of a protocol stand. WebSocket has none of its own: NAPTR alone leads there. */
const srvPrefixes: ReadonlyMap<SipProtocol, string> = new Map([
  ['udp', '_sip._udp.'],
  ['tcp', '_sip._tcp.'],
  ['tls', '_sips._tcp.'],
]);

/** What of one answer is used: enough for any operator, and a bound for what a name server can make us do. */
const MAX_HOSTS = 16;
const MAX_ADDRESSES = 8;

export function isSecure(protocol: SipProtocol): boolean {
  return protocol === 'tls' || protocol === 'wss';
}

/**
 * Asks DNS as RFC 3263 section 4 says: NAPTR where the URI names neither transport nor port, SRV where it names no port,
 * addresses else. Rejects when a server does not answer and nothing was found without it. A name server that fails at NAPTR
 * alone is read as having none, since many do.
 *
 * @param ofHost the addresses of a host that SRV names, one of several; asked of `dns` when absent
 */
export async function askServices(
  dns: DnsClient,
  question: ServiceQuestion,
  ofHost = (name: string): Promise<readonly string[]> => dns.addresses(name),
): Promise<ServicePlan> {
  const { host, port, protocol } = question;
  const fallback = protocol ?? fallbackProtocol(question);
  if (fallback === undefined) return [];
  if (port !== undefined || isIP(host) !== 0) return [await plainService(dns, host, fallback, port)];
  const named = protocol === undefined ? await dns.naptr(host).catch((): readonly NaptrRecord[] => []) : ([] as const);
  const byNaptr = usableNaptr(named, question);
  const places =
    byNaptr.length > 0
      ? byNaptr.map(({ record, spoken }) => ({ protocol: spoken, name: record.replacement }))
      : srvPlaces(host, protocol === undefined ? wanted(question) : [protocol]);
  // One place or server that fails must not take the others with it.
  const failures: unknown[] = [];
  const noted = (error: unknown): readonly [] => {
    failures.push(error);
    return [];
  };
  // All at once: behind one that is silent there would be no time left for the others.
  const asked = places.map(async ({ protocol, name }): Promise<readonly Service[]> => {
    const records = await dns.srv(name).catch(noted);
    return records.length === 0 ? [] : [{ protocol, hosts: await hostsOf(ofHost, records, noted) }];
  });
  const services = (await Promise.all(asked)).flat();
  if (failures.length > 0 && isEmpty(services)) throw failures[0];
  return services.length > 0 ? services : [await plainService(dns, host, fallback, undefined)];
}

/** Whether it leads to no address at all. */
export function isEmpty(plan: ServicePlan): boolean {
  return plan.every(({ hosts }) => hosts.every(({ addresses }) => addresses.length === 0));
}

/** Section 4.1: without NAPTR and SRV it is UDP, and TLS for `sips:`. */
function fallbackProtocol(question: ServiceQuestion): SipProtocol | undefined {
  const { secure, spoken } = question;
  const usual: SipProtocol = secure ? 'tls' : 'udp';
  return spoken.includes(usual) ? usual : wanted(question)[0];
}

function wanted({ secure, spoken }: ServiceQuestion): readonly SipProtocol[] {
  return spoken.filter((protocol) => !secure || isSecure(protocol));
}

async function plainService(
  dns: DnsClient,
  host: string,
  protocol: SipProtocol,
  port: number | undefined,
): Promise<Service> {
  const addresses = isIP(host) === 0 ? await dns.addresses(host) : [host];
  const only = { priority: 0, weight: 0, port: port ?? defaultPorts[protocol], addresses: bounded(addresses) };
  return { protocol, hosts: [only] };
}

function usableNaptr(
  records: readonly NaptrRecord[],
  question: ServiceQuestion,
): readonly { readonly record: NaptrRecord; readonly spoken: SipProtocol }[] {
  const able = wanted(question);
  return records
    .flatMap((record) => {
      const spoken = naptrServices.get(record.service.toUpperCase());
      const usable = spoken !== undefined && able.includes(spoken) && record.flags.toUpperCase() === 'S';
      return usable && record.replacement !== '' ? [{ record, spoken }] : [];
    })
    .sort((a, b) => a.record.order - b.record.order || a.record.preference - b.record.preference)
    .slice(0, MAX_HOSTS);
}

function srvPlaces(
  host: string,
  protocols: readonly SipProtocol[],
): readonly { readonly protocol: SipProtocol; readonly name: string }[] {
  return protocols.flatMap((protocol) => {
    const prefix = srvPrefixes.get(protocol);
    return prefix === undefined ? [] : [{ protocol, name: `${prefix}${host}` }];
  });
}

async function hostsOf(
  ofHost: (name: string) => Promise<readonly string[]>,
  records: readonly SrvRecord[],
  onFailure: (error: unknown) => readonly [],
): Promise<readonly ServiceHost[]> {
  const usable = records
    .filter(({ name, port }) => name !== '' && name !== '.' && port > 0)
    .sort((a, b) => a.priority - b.priority)
    .slice(0, MAX_HOSTS);
  return Promise.all(
    usable.map(async ({ priority, weight, port, name }) => {
      const addresses = await ofHost(name).catch(onFailure);
      return { priority, weight, port, addresses: bounded(addresses) };
    }),
  );
}

function bounded(addresses: readonly string[]): readonly string[] {
  return addresses.filter((address) => isIP(address) !== 0).slice(0, MAX_ADDRESSES);
}

/**
 * Hosts in the order to be tried (RFC 2782): lowest priority first; among equals one is drawn after the other, with
 * chances in proportion to their weights. Weight 0 is drawn last, as a rule.
 */
export function orderHosts(hosts: readonly ServiceHost[], random: Random): readonly ServiceHost[] {
  const ordered: ServiceHost[] = [];
  const priorities = [...new Set(hosts.map(({ priority }) => priority))].sort((a, b) => a - b);
  for (const priority of priorities) {
    // Those of weight 0 come first among the sums, so that they are drawn with the chance that rounding leaves them.
    const left = hosts.filter((host) => host.priority === priority).sort((a, b) => a.weight - b.weight);
    while (left.length > 0) {
      const total = left.reduce((sum, { weight }) => sum + weight, 0);
      const drawn = random.integer(total + 1);
      let sum = 0;
      const index = left.findIndex(({ weight }) => {
        sum += weight;
        return sum >= drawn;
      });
      ordered.push(...left.splice(Math.max(index, 0), 1));
    }
  }
  return ordered;
}
