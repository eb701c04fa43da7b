import { isIPv6 } from 'node:net';
import { addressBytes, unmapped, withoutZone } from '../base/ip-text.js';

/**
 * What one network peer is counted as. An IPv4 address is itself, also when it comes mapped into IPv6; an IPv6 address
 * is its /64, because whoever has one address there has all of them. Anything else is returned as it came.
 */
export function sourceKey(address: string): string {
  const bare = unmapped(withoutZone(address));
  if (!isIPv6(bare)) return bare;
  const bytes = addressBytes(bare);
  return `${[0, 2, 4, 6].map((at) => bytes.readUInt16BE(at).toString(16)).join(':')}::/64`;
}
