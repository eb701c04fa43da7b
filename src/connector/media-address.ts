import { isIPv6 } from 'node:net';
import { isLoopback } from '../config/addresses.js';
import { parseSessionDescription } from '../signaling/sdp.js';

/** What `media` of the configuration says about addresses. */
export interface MediaAddressConfig {
  readonly bind: string;
  readonly advertise: string | undefined;
}

/** What is known of the peer. */
export interface MediaPeer {
  /** The local address that SIP with this peer runs over. */
  readonly localAddress: string;
  /** Its offer, if it made one. */
  readonly offer: string | undefined;
}

/**
 * What goes into SDP: what is advertised, else the address bound, else the one that reaches this peer.
 *
 * Where SIP runs over loopback but the offer names another address, that is the one that reaches it: a proxy on this
 * machine stands before the caller, or a softphone on this machine that was dialled at 127.0.0.1 names its network
 * card. Answering 127.0.0.1 would leave the first without audio; the second would send from 127.0.0.1, which is not
 * where its offer says it is, and no packet of it would be accepted.
 *
 * @param reaching the local address that packets to an IP literal leave from
 */
export function mediaAddress(
  config: MediaAddressConfig,
  peer: MediaPeer,
  reaching: (remote: string) => string,
): string {
  if (config.advertise !== undefined) return config.advertise;
  const wildcard = config.bind === '0.0.0.0' || (isIPv6(config.bind) && /^[0:]+$/.test(config.bind));
  if (!wildcard) return config.bind;
  if (!isLoopback(peer.localAddress)) return peer.localAddress;
  const offered = offeredAddress(peer);
  return offered === undefined || isLoopback(offered) ? peer.localAddress : reaching(offered);
}

/** Where the first audio stream of the offer wants its packets, if it says so in the family of the SIP connection. */
function offeredAddress({ offer, localAddress }: MediaPeer): string | undefined {
  if (offer === undefined) return undefined;
  const family = isIPv6(localAddress) ? 6 : 4;
  try {
    const audio = parseSessionDescription(offer).media.find(({ type, port }) => type === 'audio' && port > 0);
    const connection = audio?.connection;
    return connection?.kind === 'unicast' && connection.family === family ? connection.address : undefined;
  } catch {
    // Whoever answers the offer says what is wrong with it.
    return undefined;
  }
}
