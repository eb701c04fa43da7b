import { isIP } from 'node:net';
import { addressBytes, unmapped, withoutZone } from '../base/ip-text.js';
import { createSourceFilter } from '../base/source-filter.js';

/** IPv4 that is not the public internet: IANA's special-purpose registry (RFC 6890), multicast and reserved space. */
const DENIED_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const;

/** All that IANA has given out as global unicast (RFC 4291); loopback, fc00::/7, fe80::/10 and ff00::/8 lie outside. */
const GLOBAL_IPV6 = ['2000::/3'] as const;

/** Parts of it that lead elsewhere: protocol assignments with Teredo, 6to4, documentation (RFC 6890, 9637). */
const DENIED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'] as const;

/** IPv6 that carries an IPv4 address in its last 32 bits (RFC 6052); what is IPv4-mapped is IPv4 to all of this. */
const NAT64 = ['64:ff9b::/96'] as const;

const isDeniedIpv4 = createSourceFilter(DENIED_IPV4);
const isGlobalIpv6 = createSourceFilter(GLOBAL_IPV6);
const isDeniedIpv6 = createSourceFilter(DENIED_IPV6);
const isNat64 = createSourceFilter(NAT64);

/** Says which addresses requests may go to: the public internet, and what the operator allows besides. */
export class AddressGuard {
  readonly #isAllowed: (address: string) => boolean;

  /** @param allow CIDR blocks or single addresses, reachable in spite of everything; throws on what is neither */
  constructor(allow: readonly string[]) {
    this.#isAllowed = createSourceFilter(allow);
  }

  /** @param address an IP literal without brackets, zone allowed; anything else is denied */
  permits(address: string): boolean {
    const bare = unmapped(withoutZone(address));
    if (this.#isAllowed(bare)) return true;
    if (isIP(bare) === 4) return !isDeniedIpv4(bare);
    if (isIP(bare) !== 6) return false;
    if (isNat64(bare)) return this.permits(addressBytes(bare).subarray(-4).join('.'));
    return isGlobalIpv6(bare) && !isDeniedIpv6(bare);
  }
}
