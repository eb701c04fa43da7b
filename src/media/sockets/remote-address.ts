import { isIP, SocketAddress } from 'node:net';

/** Where packets go to or come from. */
export interface RemoteAddress {
  readonly address: string;
  readonly port: number;
}

/**
 * Makes an address from SDP fit for use: spelled as `dgram` spells the source of a packet, so that the two compare as
 * text, and safe to hand to `send`, which throws for a bad port.
 *
 * @param family of the socket
 * @returns `undefined` for anything one cannot send a packet of a call to: a name, the other family, a port outside 1
 * to 65,535, the wildcard address (RFC 3264 section 8.4 hold), multicast and broadcast
 */
export function usableRemote(remote: RemoteAddress | undefined, family: 4 | 6): RemoteAddress | undefined {
  if (remote === undefined) return undefined;
  const { address, port } = remote;
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || isIP(address) !== family) return undefined;
  const canonical = family === 4 ? address : canonicalIpv6(address);
  if (canonical === undefined || !isUnicast(canonical, family)) return undefined;
  return { address: canonical, port };
}

/** RFC 5952 spelling; a zone is kept. */
function canonicalIpv6(address: string): string | undefined {
  const zoneAt = address.indexOf('%');
  if (zoneAt < 0) return new SocketAddress({ address, family: 'ipv6' }).address;
  const plain = canonicalIpv6(address.slice(0, zoneAt));
  return plain === undefined ? undefined : plain + address.slice(zoneAt);
}

function isUnicast(address: string, family: 4 | 6): boolean {
  if (family === 6) return address !== '::' && !address.startsWith('ff');
  const first = Number.parseInt(address, 10);
  return first > 0 && first < 224;
}

/** Whether both are the same address and port. Hot path. */
export function isSameRemote(a: RemoteAddress, b: RemoteAddress | undefined): boolean {
  return a === b || (a.port === b?.port && a.address === b.address);
}
