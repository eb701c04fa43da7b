import { BlockList, isIP } from 'node:net';
import { ConnectorError } from './connector-error.js';
import { unmapped, withoutZone } from './ip-text.js';

/**
 * Whether an address lies in one of the blocks of a list such as `signaling.embedded.allow`. Blocks are `address/prefix` or a single address; an IPv4 block
 * also admits its addresses in IPv4-mapped form, and may be written so (`::ffff:10.0.0.0/104`). `::/0` means IPv6 only.
 * An empty list admits nobody. Throws `ERR_CONFIG_INVALID` naming the block that cannot be read.
 */
export function createSourceFilter(cidrs: readonly string[]): (address: string) => boolean {
  // One list per family: a BlockList with ::/0 would admit every IPv4 address as well.
  const ipv4 = new BlockList();
  const ipv6 = new BlockList();
  for (const cidr of cidrs) {
    const { address, prefix } = parseCidr(cidr);
    if (isIP(address) === 4) ipv4.addSubnet(address, prefix, 'ipv4');
    else ipv6.addSubnet(address, prefix, 'ipv6');
  }
  return (source) => {
    const address = unmapped(withoutZone(source));
    const family = isIP(address);
    if (family === 0) return false;
    return family === 4 ? ipv4.check(address, 'ipv4') : ipv6.check(address, 'ipv6');
  };
}

function parseCidr(cidr: string): { address: string; prefix: number } {
  const [written = '', prefixText, ...rest] = cidr.split('/');
  const address = unmapped(written);
  const family = isIP(address);
  if (family === 0 || written.includes('%') || rest.length > 0) throw invalid(cidr);
  const writtenBits = isIP(written) === 4 ? 32 : 128;
  if (prefixText !== undefined && !/^[0-9]{1,3}$/.test(prefixText)) throw invalid(cidr);
  const writtenPrefix = prefixText === undefined ? writtenBits : Number(prefixText);
  const prefix = address === written ? writtenPrefix : writtenPrefix - 96;
  if (writtenPrefix > writtenBits || prefix < 0) throw invalid(cidr);
  return { address, prefix };
}

function invalid(cidr: string): ConnectorError {
  return new ConnectorError('ERR_CONFIG_INVALID', `"${cidr}" is not an IP address or block such as 10.0.0.0/8`);
}
