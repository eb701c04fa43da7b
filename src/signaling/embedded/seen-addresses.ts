import { isIP } from 'node:net';
import { rememberNewest } from '../../base/remember-newest.js';
import { isWildcard } from '../ip-literal.js';
import type { SipResponse } from '../message/sip-message.js';
import { topVia } from '../message/via.js';
import { peerKey, type SipFlow } from './transport/sip-transport.js';

/** Peers whose view of us is remembered; the one unheard for longest goes first. */
const MAX_PEERS = 1_024;

/** An address of ours. */
export interface SeenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Where peers see us, as their responses tell: `received` and `rport` of our Via (RFC 3581 section 4). Behind a NAT that is
 * the address they reach us at, and what a Contact for them has to name. Over UDP alone: on a connection a peer answers by
 * the connection. What one peer says counts for messages to that peer, and for nobody else.
 */
export class SeenAddresses {
  readonly #seen = new Map<string, SeenAddress>();

  /** Takes a response that came to a request of ours on this flow. */
  note(flow: SipFlow, response: SipResponse): void {
    if (flow.reliable) return;
    const via = topVia(response.headers);
    if (via === undefined) return;
    const host = via.received ?? flow.local.address;
    const port = typeof via.rport === 'number' ? via.rport : flow.local.port;
    const key = peerKey(flow);
    // A name, another family or nothing at all: no address that a peer could have seen.
    if (isIP(host) !== isIP(flow.local.address) || isWildcard(host)) return;
    if (host === flow.local.address && port === flow.local.port) this.#seen.delete(key);
    else rememberNewest(this.#seen, key, { host, port }, MAX_PEERS);
  }

  /** Where the peer at the end of the flow sees us, if not where we think we are. */
  of(flow: SipFlow): SeenAddress | undefined {
    return flow.reliable ? undefined : this.#seen.get(peerKey(flow));
  }
}
