import { isIP, isIPv6 } from 'node:net';
import type { BoundTransport } from './dialog/flow-finder.js';
import type { SipFlow } from './transport/sip-transport.js';

/**
 * The configured host for Via and Contact as far as it is of use to a peer: an address is none to one that is reached by the
 * other family, where we listen on both.
 */
export function advertisedTo(
  { local }: Pick<SipFlow, 'local'>,
  advertised: string | undefined,
  transports: readonly Pick<BoundTransport, 'bound'>[],
): string | undefined {
  if (advertised === undefined || isIP(advertised) === 0 || isIPv6(advertised) === isIPv6(local.address)) {
    return advertised;
  }
  const listensOnBoth = transports.some(({ bound }) => isIPv6(bound.address) === isIPv6(advertised));
  return listensOnBoth ? undefined : advertised;
}
