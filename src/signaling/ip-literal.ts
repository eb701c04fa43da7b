import type { SocketOptions } from 'node:dgram';
import { BlockList, isIP } from 'node:net';
import { ConnectorError } from '../base/connector-error.js';
import { unmapped, withoutZone } from '../base/ip-text.js';

/** Where a message goes to or came from. */
export interface IpEndpoint {
  /** An IP literal, never a name. */
  readonly address: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** "This network", multicast, reserved and broadcast (RFC 1122, RFC 1112, RFC 4291): nothing there is one SIP peer. */
const noPeers = new BlockList();
noPeers.addSubnet('0.0.0.0', 8, 'ipv4');
noPeers.addSubnet('224.0.0.0', 3, 'ipv4');
noPeers.addAddress('::', 'ipv6');
noPeers.addSubnet('ff00::', 8, 'ipv6');

/**
 * The next hop as sockets take it: an IPv4-mapped address becomes the IPv4 address. Throws `ERR_SIP_MESSAGE` unless the
 * address is a unicast IP literal and the port within 1 to 65535: `dgram.send` throws synchronously on a bad port, a
 * name makes it ask DNS, and 0.0.0.0 would lead to this machine. All of them can be written into a Contact by anybody.
 */
export function checkedRemote(remote: IpEndpoint): IpEndpoint {
  const address = unmapped(remote.address);
  const family = isIP(address);
  if (family === 0) throw new ConnectorError('ERR_SIP_MESSAGE', 'the next hop is not an IP address');
  if (noPeers.check(withoutZone(address), family === 4 ? 'ipv4' : 'ipv6')) {
    throw new ConnectorError('ERR_SIP_MESSAGE', 'the next hop is not a unicast address');
  }
  const { port } = remote;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new ConnectorError('ERR_SIP_MESSAGE', 'the port of the next hop is not within 1 to 65535');
  }
  return { address, port };
}

/** The address of a socket that is bound to all of one family. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** A bound address that can stand in an SDP: loopback instead of a wildcard, until the way to the peer is known. */
export function concrete(address: string): string {
  if (!isWildcard(address)) return address;
  return address === '::' ? '::1' : '127.0.0.1';
}

/** Throws `ERR_LISTEN` unless the address to bind is an IP literal. */
export function checkBindAddress(address: string): void {
  if (isIP(address) === 0) throw new ConnectorError('ERR_LISTEN', `"${address}" is not an IP address`);
}

/**
 * The `lookup` of every UDP socket here: answers for IP literals at once and refuses names, so that no path whatever leads
 * to a DNS query. Node calls it for literals too; answering synchronously keeps datagrams in order.
 */
export const lookupNothing: NonNullable<SocketOptions['lookup']> = (hostname, _options, callback) => {
  const family = isIP(hostname);
  if (family === 0) callback(new ConnectorError('ERR_SIP_MESSAGE', 'refused to look up a name'), '', 4);
  else callback(null, hostname, family);
};
