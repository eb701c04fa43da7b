import { isIPv6 } from 'node:net';

/**
 * What one network peer is counted as. An IPv4 address is itself, also when it comes mapped into IPv6; an IPv6 address
 * is its /64, because whoever has one address there has all of them. Anything else is returned as it came.
 */
export function sourceKey(address: string): string {
  const bare = address.split('%', 1)[0] ?? address;
  if (!isIPv6(bare)) return bare;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = bare.toLowerCase().split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    // A dotted quad at the end stands for two groups.
    const afterGroups = after.length + (after.at(-1)?.includes('.') ? 1 : 0);
    while (groups.length + afterGroups < 8) groups.push('0');
    groups.push(...after);
  }
  const prefix = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${prefix.join(':')}::/64`;
}
