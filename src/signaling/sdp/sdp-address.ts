import { isIP } from 'node:net';

/** IP version. */
export type AddressFamily = 4 | 6;

/** What the address of a c= line (RFC 8866 section 5.7) means to somebody who wants to send RTP there. */
export type ConnectionAddress =
  | { readonly kind: 'unicast'; readonly family: AddressFamily; readonly address: string }
  /** 0.0.0.0 or `::`: send nothing (RFC 3264 section 8.4, the hold of RFC 2543). */
  | { readonly kind: 'hold'; readonly family: AddressFamily }
  | { readonly kind: 'unusable'; readonly reason: string };

/**
 * Judges an address as written in a c= line. Names are never resolved: handing one to a socket would put a DNS look-up
 * of the peer's choosing on the media path. Loopback is let through, for calls on one machine.
 */
export function classifyConnection(addressType: string, address: string): ConnectionAddress {
  const version = isIP(address);
  if (version === 0 || address.includes('%')) {
    return { kind: 'unusable', reason: 'the address is not an IP literal' };
  }
  if (addressType !== `IP${version}`) {
    return { kind: 'unusable', reason: `the address is not of type ${addressType}` };
  }
  return version === 4 ? classifyIpv4(address) : classifyIpv6(address);
}

function classifyIpv4(address: string): ConnectionAddress {
  if (address === '0.0.0.0') return { kind: 'hold', family: 4 };
  const first = Number.parseInt(address, 10);
  if (first === 0) return { kind: 'unusable', reason: 'the address is in 0.0.0.0/8' };
  if (first >= 224 && first < 240) return { kind: 'unusable', reason: 'the address is multicast' };
  if (first >= 240) return { kind: 'unusable', reason: 'the address is broadcast or reserved' };
  return { kind: 'unicast', family: 4, address };
}

function classifyIpv6(address: string): ConnectionAddress {
  // `new URL` writes any spelling of an IPv6 address in the one form of RFC 5952.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  if (canonical === '::') return { kind: 'hold', family: 6 };
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped) {
    // An IPv4-mapped address does not belong on the wire (RFC 5118 section 4.9); it means the IPv4 address it wraps.
    const high = Number.parseInt(mapped[1] ?? '', 16);
    const low = Number.parseInt(mapped[2] ?? '', 16);
    return classifyIpv4([high >> 8, high & 0xff, low >> 8, low & 0xff].join('.'));
  }
  if (/^ff/.test(canonical) && canonical.indexOf(':') === 4) {
    return { kind: 'unusable', reason: 'the address is multicast' };
  }
  if (/^fe[89ab][0-9a-f]:/.test(canonical)) {
    return { kind: 'unusable', reason: 'the address is link-local and SDP cannot name its link' };
  }
  return { kind: 'unicast', family: 6, address: canonical };
}

/**
 * A local address as it may stand in a description: an IP literal that is neither a wildcard nor multicast, IPv4 when
 * it is an IPv4-mapped one as dual-stack sockets report it. `undefined` for anything else.
 */
export function localAddress(
  address: string,
): { readonly family: AddressFamily; readonly address: string } | undefined {
  const judged = classifyConnection(`IP${isIP(address)}`, address);
  return judged.kind === 'unicast' ? { family: judged.family, address: judged.address } : undefined;
}
