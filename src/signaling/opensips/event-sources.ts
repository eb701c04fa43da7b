import { isIP, isIPv4 } from 'node:net';
import { withoutBrackets } from '../../base/ip-text.js';
import { createSourceFilter } from '../../base/source-filter.js';
import type { MiAddress } from './mi/mi-link.js';

const LOOPBACK = ['127.0.0.0/8', '::1'];

/** What it is asked of: where OpenSIPS answers commands. */
interface Commands {
  readonly address: string | undefined;
}

/**
 * Whether datagrams from an address are read. Throws `ERR_CONFIG_INVALID` for a bad CIDR block.
 *
 * @param allow Addresses and CIDR blocks; `undefined`: this machine's, and the one that OpenSIPS answers commands from, which a
 *   name says only when it is looked up.
 */
export function createEventFilter(
  allow: readonly string[] | undefined,
  commands: Commands,
): (address: string) => boolean {
  if (allow !== undefined) return createSourceFilter(allow);
  const isLoopback = createSourceFilter(LOOPBACK);
  return (address) => address === commands.address || isLoopback(address);
}

/**
 * IP address of the machine OpenSIPS runs on, as far as it is known; this one's before that. A name may lead to commands over
 * IPv6: events are IPv4, so that such an address says nothing of them.
 */
export function miHost(configured: MiAddress, commands: Commands): string {
  const { address } = commands;
  if (address !== undefined && isIPv4(address)) return address;
  const { protocol } = configured;
  const host = protocol === 'fifo' ? '' : protocol === 'udp' ? configured.host : new URL(configured.url).hostname;
  const bare = withoutBrackets(host);
  return isIP(bare) === 0 ? '127.0.0.1' : bare;
}
