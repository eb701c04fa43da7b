import { isIP } from 'node:net';
import { unmapped } from '../../base/ip-text.js';
import { createSourceFilter } from '../../base/source-filter.js';

/** A text read as a value, or why it cannot be. The problem never repeats the text: it may hold a resolved reference. */
export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: string; readonly help?: string };

export interface HostPort {
  /** IP literal without brackets. */
  readonly host: string;
  /** 0 to 65535. */
  readonly port: number;
}

/** `127.0.0.1:8080` or `[::1]:8080`. `localhost` is read as 127.0.0.1. */
export function parseHostPort(text: string): Parsed<HostPort> {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? (match?.[2] === 'localhost' ? '127.0.0.1' : match?.[2]);
  const port = Number(match?.[3]);
  const example = 'write ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080';
  if (!match || host === undefined) return { ok: false, problem: 'expected an address and a port', help: example };
  if (isIP(host) !== (match[1] === undefined ? 4 : 6) || host.includes('%')) {
    return { ok: false, problem: 'the part before the port is not an IP address', help: example };
  }
  if (port > 65_535) return { ok: false, problem: 'the port is above 65535', help: example };
  return { ok: true, value: { host, port } };
}

/** Where the embedded endpoint listens. */
export interface ListenAddress extends HostPort {
  readonly protocol: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
}

/** `udp:0.0.0.0:5060`, `tls:[::]:5061`. */
export function parseListen(text: string): Parsed<ListenAddress> {
  const example = 'write udp:ADDRESS:PORT, tcp:, tls:, ws: or wss:, such as udp:0.0.0.0:5060 or tls:[::]:5061';
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(colon, 0)).toLowerCase();
  const protocol = (['udp', 'tcp', 'tls', 'ws', 'wss'] as const).find((known) => known === name);
  if (protocol === undefined) return { ok: false, problem: 'expected a listening address', help: example };
  const address = parseHostPort(text.slice(colon + 1));
  if (!address.ok) return { ...address, help: example };
  return { ok: true, value: { protocol, ...address.value } };
}

/** `10.0.0.0/8`, `fc00::/7` or a single address. The value is the text, lower case. */
export function parseBlock(text: string): Parsed<string> {
  const [address = '', prefixText, ...rest] = text.split('/');
  const version = address.includes('%') ? 0 : isIP(address);
  const bits = version === 4 ? 32 : 128;
  // Of an IPv4-mapped block the first 96 bits are given.
  const least = unmapped(address) === address ? 0 : 96;
  const prefix = Number(prefixText);
  const isPrefix = prefixText === undefined || (/^\d{1,3}$/.test(prefixText) && prefix >= least && prefix <= bits);
  if (version === 0 || !isPrefix || rest.length > 0) {
    return {
      ok: false,
      problem: 'expected an IP address or a block of them',
      help: 'write ADDRESS or ADDRESS/BITS, such as 192.0.2.7, 10.0.0.0/8 or fc00::/7',
    };
  }
  return { ok: true, value: text.toLowerCase() };
}

/** `35000-64999`: RTP ports, both ends included. RTP takes the even ones and RTCP the odd ones above. */
export function parsePortRange(text: string): Parsed<{ readonly min: number; readonly max: number }> {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const [min, max] = [Number(match?.[1]), Number(match?.[2])];
  const help = 'write FIRST-LAST, such as 35000-64999';
  if (!match) return { ok: false, problem: 'expected a range of ports', help };
  if (min < 1024 || max > 65_535) return { ok: false, problem: 'the ports must lie between 1024 and 65535', help };
  if (evenPorts(min, max) < 1)
    return { ok: false, problem: 'the range holds no even port with the odd one above it', help };
  return { ok: true, value: { min, max } };
}

/** How many RTP/RTCP pairs a range holds. */
export function evenPorts(min: number, max: number): number {
  const firstEven = min + (min % 2);
  return Math.max(0, Math.floor((max - firstEven + 1) / 2));
}

/** Whether an IP literal, or every address of a block, is this machine itself. */
export function isLoopback(addressOrBlock: string): boolean {
  const [address = '', prefixText] = addressOrBlock.toLowerCase().split('/');
  const prefix = prefixText === undefined ? undefined : Number(prefixText);
  if (isIP(address) === 4) return address.startsWith('127.') && (prefix ?? 32) >= 8;
  const canonical = isIP(address) === 6 ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : '';
  if (canonical === '::1') return (prefix ?? 128) === 128;
  return /^::ffff:7f[0-9a-f]{2}:/.test(canonical) && (prefix ?? 128) >= 104;
}

/** Whether an IP literal stands for every address of the machine. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || (isIP(address) === 6 && new URL(`http://[${address}]/`).hostname === '[::]');
}

/** Whether a block lets in everybody. */
export function isEverybody(block: string): boolean {
  return block.endsWith('/0');
}

/** Loopback, private, link-local and shared addresses (RFC 6890), as far as an operator may mean one by a literal. */
const PRIVATE_BLOCKS = [
  ...['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10', '0.0.0.0/8'],
  ...['::1', '::', 'fc00::/7', 'fe80::/10'],
] as const;

/** Whether the host of a URL (`URL.hostname`) is plainly an address of this machine or of a private network. */
export function isPrivateHost(hostname: string): boolean {
  return isWithin(hostname, PRIVATE_BLOCKS);
}

/**
 * Whether the host of a URL lies in one of `blocks`, each of which passed {@link parseBlock}. `localhost` is 127.0.0.1
 * and ::1; another name lies in none.
 */
export function isWithin(hostname: string, blocks: readonly string[]): boolean {
  if (/^(?:.*\.)?localhost\.?$/i.test(hostname)) {
    return isWithin('127.0.0.1', blocks) || isWithin('[::1]', blocks);
  }
  return createSourceFilter(blocks)(hostname.replace(/^\[(.*)\]$/, '$1'));
}
