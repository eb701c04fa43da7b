import { createSocket } from 'node:dgram';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../base/clock.js';
import { withoutZone } from '../base/ip-text.js';
import { rememberNewest } from '../base/remember-newest.js';
import { isWildcard, lookupNothing } from './ip-literal.js';

/**
 * How long an answer holds, and how many are kept. Routes change: a VPN comes up, DHCP gives another address. A call that is
 * answered with the old one has no audio, so an answer holds just long enough for the messages of a call, or of a flood.
 */
export const localAddressDefaults = { cacheMs: 1_000, cacheEntries: 1_024 } as const;

/** Answers which of our addresses packets to a peer leave from. */
export interface LocalAddressFinder {
  /** `remote` is an IP literal; the answer is concrete and has no zone. */
  find(remote: string): string;
}

/**
 * A finder for a socket bound to `bound`. A concrete address is its own answer. For a wildcard the kernel's routing
 * table is asked by connecting an unbound UDP socket, which sends nothing (14 µs, measured); the answer is kept
 * for {@link localAddressDefaults}.cacheMs. Reading `/proc/net/route` or comparing subnets would miss policy routing,
 * VPNs and source hints, and would be wrong exactly on the hosts where the question matters. `ask` stands for the
 * kernel; it answers `undefined` when it does not know.
 */
export function createLocalAddressFinder(
  bound: string,
  clock: Clock,
  ask: (remote: string) => string | undefined = askKernel,
): LocalAddressFinder {
  if (!isWildcard(bound)) return { find: () => withoutZone(bound) };
  const { cacheMs, cacheEntries } = localAddressDefaults;
  const known = new Map<string, { readonly local: string; readonly untilMs: number }>();
  return {
    find(remote) {
      const nowMs = clock.now();
      const hit = known.get(remote);
      if (hit !== undefined && hit.untilMs > nowMs) return hit.local;
      const local = ask(remote) ?? guessByInterface(remote);
      rememberNewest(known, remote, { local, untilMs: nowMs + cacheMs }, cacheEntries);
      return local;
    },
  };
}

/**
 * With a synchronous look-up Node binds and connects before `connect` returns, so the address can be read at once.
 * Should a Node version defer it, or no route exist, the answer is `undefined`.
 */
function askKernel(remote: string): string | undefined {
  const socket = createSocket({ type: isIPv6(remote) ? 'udp6' : 'udp4', lookup: lookupNothing });
  // No route: the error comes later, by event, and says no more than a missing address does now.
  socket.on('error', () => {});
  try {
    // Discard, RFC 863; any port will do.
    socket.connect(9, remote);
    const { address } = socket.address();
    return isWildcard(address) ? undefined : withoutZone(address);
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}

/** Where the kernel gives no answer: the address in the peer's subnet, else the first one that is not loopback. */
function guessByInterface(remote: string): string {
  const family = isIP(remote) === 6 ? 'IPv6' : 'IPv4';
  const kind = family === 'IPv6' ? 'ipv6' : 'ipv4';
  const candidates = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((candidate) => candidate.family === family);
  const neighbour = candidates.find(({ address, cidr }) => {
    const subnet = new BlockList();
    if (cidr === null) subnet.addAddress(address, kind);
    else subnet.addSubnet(address, Number(cidr.split('/')[1]), kind);
    return subnet.check(withoutZone(remote), kind);
  });
  const external = candidates.find((candidate) => !candidate.internal);
  return (neighbour ?? external)?.address ?? (kind === 'ipv6' ? '::1' : '127.0.0.1');
}
