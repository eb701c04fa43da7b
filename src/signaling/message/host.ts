import { isIPv6 } from 'node:net';
import { parseDecimal } from './lexical.js';

/** Longest host name DNS knows (RFC 1035 section 2.3.4). */
const MAX_HOST_LENGTH = 255;

/** Host and port of a URI or a Via. `host` is a name, an IPv4 address or an IPv6 address without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number | undefined;
}

/**
 * Reads `host[:port]` with an IPv6 address in brackets (RFC 3261 section 25.1, RFC 5118). `undefined` for anything
 * else, also for a port outside 1 to 65535 and for a bare IPv6 address, whose last group could be a port.
 * Underscores in names are let through: container networks use them.
 */
export function parseHostPort(text: string): HostPort | undefined {
  let host: string;
  let rest: string;
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    host = text.slice(1, end);
    // A zone (`%eth0`) means something on one machine only.
    if (end < 0 || host.includes('%') || !isIPv6(host)) return undefined;
    rest = text.slice(end + 1);
  } else {
    const colon = text.indexOf(':');
    host = colon < 0 ? text : text.slice(0, colon);
    rest = colon < 0 ? '' : text.slice(colon);
    if (host.length > MAX_HOST_LENGTH || !/^[A-Za-z0-9._-]+$/.test(host)) return undefined;
  }
  if (rest === '') return { host, port: undefined };
  if (!rest.startsWith(':')) return undefined;
  const port = parsePort(rest.slice(1));
  return port === undefined ? undefined : { host, port };
}

/** A port from 1 to 65535, or `undefined`: `dgram` throws on anything else. */
export function parsePort(text: string): number | undefined {
  const port = parseDecimal(text, 65_535);
  return port === undefined || port === 0 ? undefined : port;
}

/** A host as it stands on the wire: IPv6 in brackets. */
export function serializeHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** `host[:port]` as it stands on the wire. */
export function serializeHostPort({ host, port }: HostPort): string {
  return port === undefined ? serializeHost(host) : `${serializeHost(host)}:${port}`;
}

/**
 * A host as the system spells it: an IPv6 address can be written in many ways, and is reported in one (RFC 5952). Those with
 * an IPv4 address or a zone in them are left alone.
 */
export function canonicalHost(host: string): string {
  return isIPv6(host) && !/[.%]/.test(host) ? new URL(`http://[${host}]/`).hostname.slice(1, -1) : host;
}
