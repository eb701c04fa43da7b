import { parseNameAddr } from './name-addr.js';
import { reasonPhrase } from './reason-phrases.js';
import { type HeaderList, SipHeaders } from './sip-headers.js';
import type { SipRequest, SipResponse } from './sip-message.js';

export interface ResponseOptions {
  /** The standard phrase when absent. */
  readonly phrase?: string;
  /** Our tag; added to To where it has none and the status is above 100. */
  readonly toTag?: string;
  /** Header fields beyond those copied from the request, in this order. */
  readonly headers?: HeaderList;
  readonly body?: Buffer | string;
  /** Goes with a body. */
  readonly contentType?: string;
}

/** Methods whose 2xx creates a dialog: RFC 3261 section 12.1, RFC 6665, RFC 3515. */
const dialogForming: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

/**
 * A response to `request` (RFC 3261 section 8.2.6): every Via, From, To, Call-ID and CSeq copied, Timestamp into a 100,
 * Record-Route into 101 to 299 of a dialog-forming method (section 12.1.1). Fields that a malformed request lacks are
 * left out. There is no Server field: it would only tell a scanner what to try.
 */
export function createResponse(request: SipRequest, status: number, options: ResponseOptions = {}): SipResponse {
  const from = request.headers;
  const headers = new SipHeaders();
  for (const via of from.getAll('Via')) headers.append('Via', via);
  if (status > 100 && status < 300 && dialogForming.has(request.method)) {
    for (const route of from.getAll('Record-Route')) headers.append('Record-Route', route);
  }
  copyFirst(from, headers, 'From');
  const to = from.get('To');
  if (to !== undefined) headers.append('To', status > 100 ? withTag(to, options.toTag) : to);
  copyFirst(from, headers, 'Call-ID');
  copyFirst(from, headers, 'CSeq');
  if (status === 100) copyFirst(from, headers, 'Timestamp');
  for (const [name, value] of options.headers ?? []) headers.append(name, value);
  if (options.contentType !== undefined) headers.append('Content-Type', options.contentType);
  const body = typeof options.body === 'string' ? Buffer.from(options.body, 'utf8') : options.body;
  return {
    kind: 'response',
    status,
    phrase: options.phrase ?? reasonPhrase(status),
    headers,
    body: body ?? Buffer.alloc(0),
  };
}

function copyFirst(source: SipHeaders, target: SipHeaders, name: string): void {
  const value = source.get(name);
  if (value !== undefined) target.append(name, value);
}

/** A To that cannot be read is sent back as it came: appending to it could end up inside its quotes. */
function withTag(to: string, tag: string | undefined): string {
  if (tag === undefined) return to;
  const parsed = parseNameAddr(to);
  return parsed === undefined || parsed.tag !== undefined ? to : `${to};tag=${tag}`;
}
