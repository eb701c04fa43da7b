import { isIPv6 } from 'node:net';
import { isLoopback } from '../../config/notation/addresses.js';
import { parseSessionDescription } from '../../signaling/sdp/sdp.js';

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
 * What goes into SDP: what is advertised, else the address bound, else the one that reaches this peer. Where both address
 * families are bound, what is advertised is for peers whose audio is of its own.
 *
 * Where SIP runs over loopback but the offer names another address, that is the one that reaches it: a proxy on this
 * machine stands before the caller, or a softphone on this machine that was dialled at 127.0.0.1 names its network
 * card. Answering 127.0.0.1 would leave the first without audio; the second would send from 127.0.0.1, which is not
 * where its offer says it is, and no packet of it would be accepted.
 *
 * A caller whose SIP comes by the other address family than its audio is to go, as by a proxy that speaks both or from a phone
 * that does, is answered with the address that reaches its audio, where audio of that family is bound.
 *
 * @param reaching the local address that packets to an IP literal leave from
 */
export function mediaAddress(
  config: MediaAddressConfig,
  peer: MediaPeer,
  reaching: (remote: string) => string,
): string {
  if (config.advertise !== undefined) {
    const wanted = isIPv6(config.bind) ? (offeredAddress(peer) ?? peer.localAddress) : config.advertise;
    if (isIPv6(wanted) === isIPv6(config.advertise)) return config.advertise;
  }
  const wildcard = config.bind === '0.0.0.0' || (isIPv6(config.bind) && /^[0:]+$/.test(config.bind));
  if (!wildcard) return config.bind;
  const bothFamilies = isIPv6(config.bind);
  const { localAddress } = peer;
  // Whatever the offer says: most calls.
  if (!bothFamilies && !isIPv6(localAddress) && !isLoopback(localAddress)) return localAddress;
  const offered = offeredAddress(peer);
  if (offered === undefined) return localAddress;
  if (isIPv6(offered) !== isIPv6(localAddress)) {
    if (!bothFamilies && isIPv6(offered)) return localAddress;
    const local = reaching(offered);
    // No way leads there: 488 is a better answer than an address of which nothing comes.
    return isLoopback(local) && !isLoopback(offered) ? localAddress : local;
  }
  return isLoopback(localAddress) && !isLoopback(offered) ? reaching(offered) : localAddress;
}

/** Where the first audio stream of the offer wants its packets, if it says so. */
function offeredAddress({ offer }: MediaPeer): string | undefined {
  if (offer === undefined) return undefined;
  try {
    const audio = parseSessionDescription(offer).media.find(({ type, port }) => type === 'audio' && port > 0);
    const connection = audio?.connection;
    return connection?.kind === 'unicast' ? connection.address : undefined;
  } catch {
    // Whoever answers the offer says what is wrong with it.
    return undefined;
  }
}
