import { BlockList, isIP } from 'node:net';

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

/** IPv6 that carries an IPv4 address in its last 32 bits: IPv4-mapped (RFC 4291), NAT64 (RFC 6052). */
const CARRIERS_OF_IPV4 = ['::ffff:0:0/96', '64:ff9b::/96'] as const;

/** Says which addresses requests may go to: the public internet, and what the operator allows besides. */
export class AddressGuard {
  readonly #allowed: Blocks;
  readonly #deniedIpv4 = new Blocks(DENIED_IPV4);
  readonly #deniedIpv6 = new Blocks(DENIED_IPV6);
  readonly #globalIpv6 = new Blocks(GLOBAL_IPV6);
  readonly #carriers = new Blocks(CARRIERS_OF_IPV4);

  /** @param allow CIDR blocks or single addresses, reachable in spite of everything; throws on what is neither */
  constructor(allow: readonly string[]) {
    this.#allowed = new Blocks(allow);
  }

  /** @param address an IP literal without brackets, zone allowed; anything else is denied */
  permits(address: string): boolean {
    const bare = address.split('%')[0] ?? '';
    if (this.#allowed.has(bare)) return true;
    if (isIP(bare) === 4) return !this.#deniedIpv4.has(bare);
    if (isIP(bare) !== 6) return false;
    if (this.#carriers.has(bare)) return this.permits(carriedIpv4(bare));
    return this.#globalIpv6.has(bare) && !this.#deniedIpv6.has(bare);
  }
}

/** CIDR blocks. One list per family: a BlockList with ::/0 would hold every IPv4 address as well. */
class Blocks {
  readonly #ipv4 = new BlockList();
  readonly #ipv6 = new BlockList();

  constructor(blocks: readonly string[]) {
    for (const block of blocks) {
      const [address = '', prefix] = block.split('/');
      const isIpv6 = isIP(address) === 6;
      const list = isIpv6 ? this.#ipv6 : this.#ipv4;
      list.addSubnet(address, Number(prefix ?? (isIpv6 ? 128 : 32)), isIpv6 ? 'ipv6' : 'ipv4');
    }
  }

  has(address: string): boolean {
    const version = isIP(address);
    if (version === 0) return false;
    return version === 4 ? this.#ipv4.check(address, 'ipv4') : this.#ipv6.check(address, 'ipv6');
  }
}

/** The last 32 bits of an IPv6 address, dotted. */
function carriedIpv4(address: string): string {
  // The URL parser writes any spelling as groups of hexadecimal.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const groups = canonical.split(':');
  const [high, low] = [groups.at(-2), groups.at(-1)].map((group) => Number.parseInt(group || '0', 16));
  return [high, low].flatMap((group = 0) => [group >> 8, group & 0xff]).join('.');
}
