import { isIP, isIPv6 } from 'node:net';
import { parseSipUri } from '../../message/sip-uri.js';
import { topVia } from '../../message/via.js';
import type { ListeningAddress } from '../../port.js';
import type { ReceivedRequest } from '../transaction/server-transaction.js';
import type { SipFlow, SipTransport } from '../transport/sip-transport.js';
import type { NameResolver } from './name-resolver.js';

/** RFC 3261 section 19.1.2. */
const DEFAULT_SIP_PORT = 5060;

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
  const host = topVia(request.headers)?.host ?? '';
  const claimedAddress = isIP(host) !== 0 && host !== source.remote.address ? host : undefined;
  return { flow: source, transport, claimedAddress };
}

interface NextHop {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'udp' | 'tcp' | undefined;
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
   * `undefined` when there is no origin. A live TCP connection to the same neighbour is used again.
   */
  find(uri: string, origin: FlowOrigin | undefined, done: (flow: SipFlow | undefined) => void): void {
    const hop = nextHopOf(uri);
    if (hop === undefined) done(origin?.flow);
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

  #flowTo(hop: NextHop, address: string, origin: FlowOrigin | undefined): SipFlow | undefined {
    const protocol = hop.protocol ?? origin?.flow.protocol ?? this.#defaultProtocol();
    if (origin !== undefined && origin.flow.protocol === protocol && !origin.flow.closed) {
      if (address === origin.claimedAddress) return origin.flow;
      if (origin.flow.reliable && address === origin.flow.remote.address) return origin.flow;
    }
    const transport = this.#transportFor(protocol, address, origin?.transport);
    if (transport === undefined || isIP(address) === 0) return undefined;
    try {
      return transport.flowTo({ address, port: hop.port });
    } catch {
      return undefined;
    }
  }

  #defaultProtocol(): 'udp' | 'tcp' {
    return this.#transports.some(({ transport }) => transport.protocol === 'udp') ? 'udp' : 'tcp';
  }

  #transportFor(
    protocol: 'udp' | 'tcp',
    address: string,
    preferred: SipTransport | undefined,
  ): SipTransport | undefined {
    const able = this.#transports.filter(
      ({ transport, bound }) => transport.protocol === protocol && isIPv6(bound.address) === isIPv6(address),
    );
    return (able.find(({ transport }) => transport === preferred) ?? able[0])?.transport;
  }
}

/** Host, port and protocol of a URI; `undefined` for schemes and transports that are not spoken here. */
function nextHopOf(text: string): NextHop | undefined {
  const uri = parseSipUri(text);
  if (uri === undefined || uri.scheme !== 'sip') return undefined;
  const transport = uri.params.get('transport')?.toLowerCase();
  if (transport !== undefined && transport !== 'udp' && transport !== 'tcp') return undefined;
  const maddr = uri.params.get('maddr')?.replace(/^\[|\]$/g, '');
  const host = maddr === undefined || maddr === '' ? uri.host : maddr;
  return { host, port: uri.port ?? DEFAULT_SIP_PORT, protocol: transport };
}
