import { ConnectorError } from './connector-error.js';

/**
 * SIP header fields that whoever uses a driver adds to its messages, by name. Names are tokens (RFC 3261 section 25.1)
 * and none that the protocol itself lives by; values are one line. {@link checkHeaderFields} holds them to it.
 */
export type HeaderFields = ReadonlyMap<string, string>;

/** For all messages that have none. */
const noHeaderFields: HeaderFields = new Map();

/** Fields of one message. */
const MAX_FIELDS = 32;

/** Bytes of all names and values of one message: with what the endpoint writes it stays far below a UDP datagram. */
const MAX_TOTAL_BYTES = 8_192;

/** Of one value made by {@link toHeaderFields}, characters. */
const MAX_VALUE_LENGTH = 1_024;

/**
 * What a SIP endpoint alone may write, because dialogs, transactions, bodies and authentication rest on it; in long and
 * compact form (IANA "SIP Parameters").
 */
const protocolFields: ReadonlySet<string> = new Set([
  ...['via', 'v', 'max-forwards', 'from', 'f', 'to', 't', 'call-id', 'i', 'cseq', 'contact', 'm', 'route'],
  ...['record-route', 'path', 'service-route', 'allow', 'supported', 'k', 'require', 'proxy-require', 'unsupported'],
  ...['accept', 'accept-encoding', 'allow-events', 'u', 'event', 'o', 'subscription-state', 'expires', 'min-expires'],
  ...['content-type', 'c', 'content-length', 'l', 'content-encoding', 'e', 'content-disposition', 'mime-version'],
  ...['authorization', 'proxy-authorization', 'www-authenticate', 'proxy-authenticate', 'authentication-info'],
  ...['refer-to', 'r', 'referred-by', 'b', 'refer-sub', 'replaces', 'join', 'target-dialog', 'session-expires', 'x'],
  ...['min-se', 'rack', 'rseq', 'timestamp', 'retry-after', 'info-package', 'recv-info', 'sip-etag', 'sip-if-match'],
]);

/** Why a name cannot be that of a header field of ours, as the end of a sentence about it; `undefined`: it can. */
export function headerNameProblem(name: string): string | undefined {
  if (!/^[A-Za-z0-9\-.!%*_+`'~]{1,128}$/.test(name))
    return 'is no header name (RFC 3261 section 25.1: letters, digits and "-")';
  return protocolFields.has(name.toLowerCase()) ? 'is written by the endpoint itself' : undefined;
}

/** Whether a text can be the value of a header field: no control character, above all no line end. */
export function isHeaderValue(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (isControlCode(text.charCodeAt(index)) && text[index] !== '\t') return false;
  }
  return true;
}

/** A text from anywhere as one header value: control characters become blanks, and its ends are trimmed. */
export function toHeaderValue(text: string): string {
  return Array.from(text, (character) => (isControlCode(character.charCodeAt(0)) ? ' ' : character))
    .join('')
    .trim();
}

function isControlCode(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/**
 * Header fields out of texts of whatever origin, fit for {@link checkHeaderFields}: values of one line and at most 1,024
 * characters. A field without a value, an unfit name and what would make too much of it are left out.
 */
export function toHeaderFields(fields: Iterable<readonly [name: string, text: string]>): HeaderFields {
  const headers = new Map<string, string>();
  const seen = new Set<string>();
  let bytes = 0;
  for (const [name, text] of fields) {
    const value = toHeaderValue(text).slice(0, MAX_VALUE_LENGTH);
    const key = name.toLowerCase();
    const size = name.length + Buffer.byteLength(value, 'utf8');
    if (value === '' || headerNameProblem(name) !== undefined || seen.has(key)) continue;
    if (headers.size >= MAX_FIELDS || bytes + size > MAX_TOTAL_BYTES) continue;
    headers.set(name, value);
    seen.add(key);
    bytes += size;
  }
  return headers.size === 0 ? noHeaderFields : headers;
}

/**
 * Throws `ERR_SIP_STATE` unless all may be sent: at most 32 fields and 8,192 bytes, fit names, no name twice, values of
 * one line. The message names a field, never a value.
 */
export function checkHeaderFields(headers: HeaderFields | undefined): void {
  if (headers === undefined) return;
  if (headers.size > MAX_FIELDS) throw new ConnectorError('ERR_SIP_STATE', `more than ${MAX_FIELDS} header fields`);
  const seen = new Set<string>();
  let bytes = 0;
  for (const [name, value] of headers) {
    const problem = headerNameProblem(name);
    // An unfit name may hold anything: it is not repeated.
    if (problem !== undefined) throw new ConnectorError('ERR_SIP_STATE', `a header field that ${problem}`);
    const key = name.toLowerCase();
    if (seen.has(key)) throw new ConnectorError('ERR_SIP_STATE', `the header field ${name} twice`);
    seen.add(key);
    if (!isHeaderValue(value)) throw new ConnectorError('ERR_SIP_STATE', `a control character in ${name}`);
    bytes += name.length + Buffer.byteLength(value, 'utf8');
  }
  if (bytes > MAX_TOTAL_BYTES)
    throw new ConnectorError('ERR_SIP_STATE', `header fields of more than ${MAX_TOTAL_BYTES} bytes`);
}
