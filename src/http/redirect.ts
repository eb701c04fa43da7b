import { ConnectorError } from '../base/connector-error.js';
import { checkedUrl } from './request-url.js';

/** One request on the way through redirects. */
export interface Hop {
  readonly url: URL;
  /** Upper case. */
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** What another origin may see. Everything else may be a credential: `Authorization`, `X-Api-Key`, `Cookie`. */
const HEADERS_ACROSS_ORIGINS: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'content-type',
  'content-language',
  'user-agent',
]);

/**
 * Where an answer sends a request (RFC 9110 section 15.4); `undefined` when it is none of the redirections. 303, and 301
 * and 302 after POST, become a GET, as browsers have it. Throws `ERR_HTTP_BLOCKED` for a step from https to http, and
 * where a body, which tells of the call, would go to another origin; the same host over https may have it.
 */
export function nextHop(hop: Hop, status: number, location: string): Hop | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  const url = checkedUrl(location, hop.url);
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new ConnectorError('ERR_HTTP_BLOCKED', `${hop.url.host} redirects from https to http`);
  }
  const becomesGet =
    (status === 303 && hop.method !== 'GET' && hop.method !== 'HEAD') || (status <= 302 && hop.method === 'POST');
  const sameOrigin = url.origin === hop.url.origin;
  const isUpgrade = hop.url.protocol === 'http:' && url.protocol === 'https:' && url.hostname === hop.url.hostname;
  if (!sameOrigin && !isUpgrade && !becomesGet && hop.body !== undefined) {
    throw new ConnectorError('ERR_HTTP_BLOCKED', `${hop.url.host} redirects what was sent to it to another host`);
  }
  const headers = Object.entries(hop.headers).filter(([name]) => {
    const lower = name.toLowerCase();
    if (becomesGet && lower.startsWith('content-')) return false;
    return sameOrigin || HEADERS_ACROSS_ORIGINS.has(lower);
  });
  return {
    url,
    method: becomesGet ? 'GET' : hop.method,
    headers: Object.fromEntries(headers),
    body: becomesGet ? undefined : hop.body,
  };
}
