import { isIP } from 'node:net';
import type { SipHeaders } from '../../message/sip-headers.js';
import { topVia, type Via } from '../../message/via.js';
import type { SipFlow, SipTransport } from '../transport/sip-transport.js';

/** RFC 3261 section 19.1.2. */
const DEFAULT_SIP_PORT = 5060;

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
  if (source.reliable) return source.closed ? openOr(source, sentByPort(via), transport) : source;
  if (via.rport !== undefined || isIP(via.host) === 0 || via.host !== source.remote.address) return source;
  return sentByPort(via) === source.remote.port ? source : openOr(source, sentByPort(via), transport);
}

function sentByPort(via: Via): number {
  return via.port ?? DEFAULT_SIP_PORT;
}

function openOr(source: SipFlow, port: number, transport: SipTransport): SipFlow {
  try {
    return transport.flowTo({ address: source.remote.address, port });
  } catch {
    return source;
  }
}
