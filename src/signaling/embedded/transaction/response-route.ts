import { isIP } from 'node:net';
import { defaultPorts } from '../../dns/service-plan.js';
import { canonicalHost } from '../../message/host.js';
import type { SipHeaders } from '../../message/sip-headers.js';
import { topVia, type Via } from '../../message/via.js';
import type { SipProtocol } from '../../port.js';
import type { SipFlow, SipRemote, SipTransport } from '../transport/sip-transport.js';

/**
 * The flow a response takes (RFC 3261 section 18.2.2, RFC 3581 section 4). Always to the address the request came
 * from, never to a name or `maddr` out of a Via: that would make us a reflector.
 *
 * The port is the one the request came from, with one exception: a sender that did not ask for `rport` and wrote its
 * true address into sent-by means the port written there. Where sent-by is a name or another address, there is address
 * translation or a guess at work, and only the source port is known to be open.
 */
export function responseFlow(headers: SipHeaders, source: SipFlow, transport: SipTransport): SipFlow {
  const via = topVia(headers);
  if (via === undefined) return source;
  const { protocol } = source;
  // Nobody listens where a WebSocket came from.
  if (protocol === 'ws' || protocol === 'wss') return source;
  const port = sentByPort(via, protocol);
  if (source.reliable) return source.closed ? openOr(source, { port, serverName: via.host }, transport) : source;
  if (via.rport !== undefined || isIP(via.host) === 0 || canonicalHost(via.host) !== source.remote.address)
    return source;
  return port === source.remote.port ? source : openOr(source, { port }, transport);
}

function sentByPort(via: Via, protocol: SipProtocol): number {
  return via.port ?? defaultPorts[protocol];
}

function openOr(source: SipFlow, remote: Omit<SipRemote, 'address'>, transport: SipTransport): SipFlow {
  try {
    return transport.flowTo({ address: source.remote.address, ...remote });
  } catch {
    return source;
  }
}
