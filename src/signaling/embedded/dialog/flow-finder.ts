import { isIP, isIPv6 } from 'node:net';
import { defaultPorts, isSecure } from '../../dns/service-plan.js';
import type { SipTarget } from '../../dns/target-resolver.js';
import { canonicalHost } from '../../message/host.js';
import { hostToReach, parseSipUri } from '../../message/sip-uri.js';
import { topVia } from '../../message/via.js';
import type { ListeningAddress, SipProtocol } from '../../port.js';
import type { ReceivedRequest } from '../transaction/server-transaction.js';
import type { SipFlow, SipTransport } from '../transport/sip-transport.js';
import type { NameResolver } from './name-resolver.js';

/** A transport and what it was bound to. */
export interface BoundTransport {
  readonly transport: SipTransport;
  readonly bound: ListeningAddress;
}

/** The path by which a dialog came to be: what remains when its next hop leads nowhere. */
export interface FlowOrigin {
  readonly flow: SipFlow;
  /** The listening socket of that flow, when it is known. */
  readonly transport: SipTransport | undefined;
  /** Address the neighbour believes to have (sent-by), if it is not the one it was seen at: it sits behind a NAT. */
  readonly claimedAddress: string | undefined;
}

/** The origin of the dialog that a request asks for. */
export function originOf({ request, source, transport }: ReceivedRequest): FlowOrigin {
  const host = canonicalHost(topVia(request.headers)?.host ?? '');
  const claimedAddress = isIP(host) !== 0 && host !== source.remote.address ? host : undefined;
  return { flow: source, transport, claimedAddress };
}

interface NextHop {
  readonly host: string;
  readonly port: number | undefined;
  readonly protocol: SipProtocol | undefined;
  /** A `sips:` URI. */
  readonly secure: boolean;
  /** The flow the peer came by is the only one, or the one it asks for. */
  readonly sameFlow: boolean;
}

/**
 * Finds the flow to the element a URI names (RFC 3261 section 8.1.2, RFC 3263 without NAPTR and SRV). Names are
 * resolved; the socket layer sees addresses only. Without a `transport` parameter a dialog stays on the protocol it
 * began with: TCP peers that leave it out of their Contact are common, TCP peers that want UDP are not.
 */
export class FlowFinder {
  readonly #resolver: NameResolver;
  readonly #transports: readonly BoundTransport[];

  constructor(resolver: NameResolver, transports: readonly BoundTransport[]) {
    this.#resolver = resolver;
    this.#transports = transports;
  }

  /**
   * Calls `done` once, at once where no name has to be resolved. Where the URI leads nowhere: the origin's flow, or
   * `undefined` when there is no origin. A live connection to the same neighbour is used again; a URI with `ob`
   * (RFC 5626 section 5.3) or one of a browser (`.invalid`, RFC 7118) leads back over the flow it came by.
   */
  find(uri: string, origin: FlowOrigin | undefined, done: (flow: SipFlow | undefined) => void): void {
    const hop = nextHopOf(uri);
    if (hop === undefined) done(origin?.flow);
    else if (hop.sameFlow && origin !== undefined && !origin.flow.closed) done(origin.flow);
    else if (/(?:^|\.)invalid\.?$/i.test(hop.host)) done(origin?.flow);
    else if (isIP(hop.host) !== 0) done(this.#flowTo(hop, hop.host, origin) ?? origin?.flow);
    else {
      this.#resolver.resolve(hop.host, (addresses) => {
        for (const address of addresses) {
          const flow = this.#flowTo(hop, address, origin);
          if (flow !== undefined) {
            done(flow);
            return;
          }
        }
        done(origin?.flow);
      });
    }
  }

  /** The flow to a server that DNS or the configuration names; `undefined` where its protocol or family is not spoken. */
  to({ protocol, ...remote }: SipTarget): SipFlow | undefined {
    try {
      return this.#transportFor(protocol, remote.address, undefined)?.flowTo(remote);
    } catch {
      return undefined;
    }
  }

  #flowTo(hop: NextHop, address: string, origin: FlowOrigin | undefined): SipFlow | undefined {
    const protocol = protocolOf(hop, origin) ?? this.#defaultProtocol(hop);
    if (origin !== undefined && origin.flow.protocol === protocol && !origin.flow.closed) {
      if (address === origin.claimedAddress) return origin.flow;
      if (origin.flow.reliable && address === origin.flow.remote.address) return origin.flow;
    }
    const transport = this.#transportFor(protocol, address, origin?.transport);
    if (transport === undefined || isIP(address) === 0) return undefined;
    try {
      const port = hop.port ?? defaultPorts[protocol];
      return transport.flowTo({ address, port, ...(isSecure(protocol) && { serverName: hop.host }) });
    } catch {
      return undefined;
    }
  }

  #defaultProtocol({ secure }: NextHop): SipProtocol {
    if (secure) return 'tls';
    const spoken = (protocol: SipProtocol) => this.#transports.some(({ transport }) => transport.protocol === protocol);
    return (['udp', 'tcp', 'tls'] as const).find(spoken) ?? 'udp';
  }

  #transportFor(protocol: SipProtocol, address: string, preferred: SipTransport | undefined): SipTransport | undefined {
    const able = this.#transports.filter(
      ({ transport, bound }) => transport.protocol === protocol && isIPv6(bound.address) === isIPv6(address),
    );
    return (able.find(({ transport }) => transport === preferred) ?? able[0])?.transport;
  }
}

/** Host, port and protocol of a URI; `undefined` for schemes and transports that are not spoken here. */
function nextHopOf(text: string): NextHop | undefined {
  const uri = parseSipUri(text);
  if (uri === undefined || (uri.scheme !== 'sip' && uri.scheme !== 'sips')) return undefined;
  const secure = uri.scheme === 'sips';
  const named = uri.params.get('transport')?.toLowerCase();
  const protocol = named === undefined ? undefined : spokenProtocol(named, secure);
  if (named !== undefined && protocol === undefined) return undefined;
  const host = canonicalHost(hostToReach(uri));
  const sameFlow = uri.params.has('ob') || protocol === 'ws' || protocol === 'wss';
  return { host, port: uri.port, protocol, secure, sameFlow };
}

/** The protocol a `transport` parameter names; `sips` turns it into the one with TLS, and has none over UDP. */
function spokenProtocol(name: string, secure: boolean): SipProtocol | undefined {
  switch (name) {
    case 'udp':
      return secure ? undefined : 'udp';
    case 'tcp':
      return secure ? 'tls' : 'tcp';
    case 'tls':
      return 'tls';
    case 'ws':
      return secure ? 'wss' : 'ws';
    case 'wss':
      return 'wss';
    default:
      return undefined;
  }
}

/** Without a `transport` parameter: that of the dialog, as far as a `sips` URI admits it. */
function protocolOf({ protocol, secure }: NextHop, origin: FlowOrigin | undefined): SipProtocol | undefined {
  const known = origin?.flow.protocol;
  return protocol ?? (secure && known !== undefined && !isSecure(known) ? undefined : known);
}
