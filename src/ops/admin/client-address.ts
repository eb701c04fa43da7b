import { isIP } from 'node:net';
import { createSourceFilter } from '../../base/source-filter.js';

/** Whether an IP address is of this machine alone. */
export const isLoopbackAddress = createSourceFilter(['127.0.0.0/8', '::1']);

/** What there is to know of where a request came from. */
interface Arrival {
  /** The address of the connection. */
  readonly ip: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Whose request it is. A reverse proxy on this machine speaks for others, and the last address in its X-Forwarded-For is
 * the one that it was asked by; what anybody else says there is not believed. It is for the log and for counting wrong
 * tokens, and lets nobody in.
 */
export function clientAddress({ headers, ip }: Arrival): string {
  if (!isLoopbackAddress(ip)) return ip;
  const forwarded = headers['x-forwarded-for'];
  const last = (Array.isArray(forwarded) ? forwarded.join(',') : (forwarded ?? '')).split(',').at(-1)?.trim() ?? '';
  return isIP(last) === 0 ? ip : last;
}
