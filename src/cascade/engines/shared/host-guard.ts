import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { hasFamily, withoutBrackets } from '../../../base/ip-text.js';
import { FlavorError } from '../../../flavor-api/index.js';

/** Where the connections of an engine may go. Engines that are given one ask it before, and while, they connect. */
export interface HostGuard {
  /**
   * Looks at an address before anything is sent there: literals for good, names as far as they are known by name.
   *
   * @throws FlavorError `ERR_FLAVOR_CONFIG`
   */
  admit(url: URL): void;
  /** In place of the system's, for `net` and what is built upon it: hands out permitted addresses only. */
  readonly lookup: LookupFunction;
}

/** All addresses of a name, in the order in which they are to be tried. */
export type ResolveName = (name: string) => Promise<readonly LookupAddress[]>;

/** Where connections may go. */
export interface HostGuardOptions {
  /** Names, addresses and CIDR blocks of one's own: `gpu.example.internal`, `203.0.113.7`, `10.8.0.0/16`. */
  readonly hosts: readonly string[];
  /** Address blocks that need no mention. Default: {@link privateBlocks}. */
  readonly blocks?: readonly string[];
  /** Default: the system's resolver. */
  readonly resolve?: ResolveName;
}

/**
 * Loopback (RFC 1122, RFC 4291), private IPv4 (RFC 1918) and unique local IPv6 (RFC 4193). Link-local is left out: clouds
 * have services of their own there, and so is 100.64.0.0/10, which carriers share.
 */
export const privateBlocks: readonly string[] = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
];

/** RFC 6761 section 6.3: this machine, whatever a resolver may say. */
const LOCALHOST = /^(?:.+\.)?localhost$/;

/**
 * A guard that lets connections go to private addresses and to the hosts that are named, and nowhere else. A name must be
 * one of those, *and* its addresses permitted: what a resolver says does not open a door. Each connection goes to an
 * address that was looked at, so a second answer (DNS rebinding) does not count.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for a host that is neither a name nor an address nor a block
 */
export function createHostGuard(options: HostGuardOptions): HostGuard {
  const { hosts, blocks = privateBlocks, resolve = bySystem } = options;
  const isAddress = (host: string): boolean => isIP(host.split('/')[0] ?? '') !== 0;
  const addresses = new AddressSet([...blocks, ...hosts.filter(isAddress)]);
  const names = new Set(hosts.filter((host) => !isAddress(host)).map(nameOf));
  return {
    admit(url) {
      const host = withoutBrackets(url.hostname);
      if (isIP(host) !== 0 ? addresses.has(host) : names.has(nameOf(host)) || LOCALHOST.test(nameOf(host))) return;
      throw new FlavorError('ERR_FLAVOR_CONFIG', `${host} is not among the hosts that are allowed`, false);
    },
    lookup(name, { all, family }, callback) {
      const refuse = (error: unknown): void => {
        callback(error instanceof Error ? error : nowhere(name), all ? [] : '', 0);
      };
      const accept = (found: readonly LookupAddress[]): void => {
        const usable = found.filter((each) => hasFamily(each.family, family));
        const [first] = usable;
        if (found.some(({ address }) => !addresses.has(address))) refuse(stranger(name));
        else if (!first) refuse(nowhere(name));
        else if (all) callback(null, [...usable]);
        else callback(null, first.address, first.family);
      };
      resolve(name).then(accept, refuse);
    },
  };
}

/** One public address among others is enough: whoever gave that answer is not to be trusted with the rest. */
function stranger(name: string): FlavorError {
  const message = `${name} resolves to an address that is not allowed: name the address as well if it is yours`;
  return new FlavorError('ERR_FLAVOR_CONFIG', message, false);
}

function nowhere(name: string): FlavorError {
  return new FlavorError('ERR_FLAVOR_NETWORK', `${name} has no address`, true);
}

function nameOf(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (/^[a-z0-9_](?:[\w.-]{0,251}[a-z0-9_])?$/.test(name)) return name;
  throw new FlavorError('ERR_FLAVOR_CONFIG', 'a host is neither a name nor an address nor a block', false);
}

/** Addresses and blocks. One list for each family: a `BlockList` takes IPv4 for a part of IPv6. */
class AddressSet {
  readonly #ipv4 = new BlockList();
  readonly #ipv6 = new BlockList();

  constructor(blocks: readonly string[]) {
    for (const block of blocks) {
      const [address = '', prefix] = block.split('/');
      const wide = isIP(address) === 6;
      const bits = Number(prefix ?? (wide ? 128 : 32));
      if (!Number.isInteger(bits) || bits < 0 || bits > (wide ? 128 : 32)) {
        throw new FlavorError('ERR_FLAVOR_CONFIG', `${block} is no address block`, false);
      }
      (wide ? this.#ipv6 : this.#ipv4).addSubnet(address, bits, wide ? 'ipv6' : 'ipv4');
    }
  }

  /** An address with an IPv4 address inside it (RFC 4291 section 2.5.5.2) is judged by that. */
  has(address: string): boolean {
    const bare = address.split('%')[0] ?? '';
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare;
    const version = isIP(mapped);
    if (version === 4) return this.#ipv4.check(mapped, 'ipv4');
    return version === 6 && this.#ipv6.check(mapped, 'ipv6');
  }
}

const bySystem: ResolveName = (name) =>
  new Promise((resolve, reject) => {
    systemLookup(name, { all: true }, (error, found) => (error ? reject(error) : resolve(found)));
  });
