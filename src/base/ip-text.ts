import { isIPv4 } from 'node:net';

/** An address without its IPv6 zone (`%eth0`), which means nothing outside this machine. */
export function withoutZone(address: string): string {
  const percent = address.indexOf('%');
  return percent < 0 ? address : address.slice(0, percent);
}

/** A host without the brackets that an IPv6 address has in a URI. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

/** `::ffff:192.0.2.1`, also as `::ffff:c000:201`, as `192.0.2.1`; any other address as it is (RFC 4291 section 2.5.5.2). */
export function unmapped(address: string): string {
  const [, dotted, high, low] = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([\da-f]{1,4}):([\da-f]{1,4}))$/i.exec(address) ?? [];
  if (high === undefined || low === undefined) return dotted ?? address;
  return [high, low].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]).join('.');
}

/** The four or sixteen bytes of an IP literal, in network order; its zone does not count, and an IPv4-mapped one has four. */
export function addressBytes(literal: string): Buffer {
  const address = unmapped(withoutZone(literal));
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  // `new URL` spells an address without a dotted tail, and with `::` at most once.
  const [head = '', tail = ''] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groupsOf = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groupsOf(head), groupsOf(tail)];
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** Whether an address of this family is what a `lookup` of Node was asked for. */
export function hasFamily(family: number, wanted: number | string | undefined): boolean {
  const version = wanted === 'IPv4' ? 4 : wanted === 'IPv6' ? 6 : wanted;
  return version === undefined || version === 0 || version === family;
}
