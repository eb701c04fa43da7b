import { checkHeaderFields } from '../base/header-fields.js';
import type { HeaderField } from './message/sip-headers.js';
import type { RejectOptions } from './port.js';
import { retryAfterField } from './retry-after.js';

/** What a refusal says beside its status. */
export interface Rejection {
  readonly phrase?: string;
  readonly headers: readonly HeaderField[];
}

/**
 * Phrase and header fields out of what the connector asked for; line ends in them would break the message. Throws
 * `ERR_SIP_STATE` for header fields that may not be sent.
 */
export function rejectionOf(options: RejectOptions = {}): Rejection {
  const headers: HeaderField[] = [];
  if (options.retryAfterSeconds !== undefined) {
    headers.push(retryAfterField(Math.max(0, Math.round(options.retryAfterSeconds))));
  }
  if (options.reason !== undefined) headers.push(['Reason', oneLine(options.reason)]);
  checkHeaderFields(options.headers);
  headers.push(...(options.headers ?? []));
  return options.phrase === undefined ? { headers } : { phrase: oneLine(options.phrase), headers };
}

/** A status that ends an INVITE without a session; anything else the connector asks for becomes 500. */
export function finalStatus(status: number): number {
  return Number.isInteger(status) && status >= 300 && status <= 699 ? status : 500;
}

/** Text fit for a header value. */
export function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

/** A user part: everything but RFC 3261's `unreserved` and `user-unreserved` percent-encoded as UTF-8. */
export function encodeUser(user: string): string {
  let text = '';
  for (const byte of Buffer.from(user, 'utf8')) {
    const character = String.fromCharCode(byte);
    text += /[A-Za-z0-9\-_.!~*'()&=+$,;?/]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
