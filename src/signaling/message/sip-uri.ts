import { withoutBrackets } from '../../base/ip-text.js';
import { parseHostPort, serializeHostPort } from './host.js';
import { serializeParams, splitParams } from './lexical.js';

/** A URI of RFC 3261 section 19.1, or a foreign one of which only the scheme is understood. */
export interface SipUri {
  /** Lower case: `sip`, `sips`, `tel`, or any other. */
  readonly scheme: string;
  /** User part as on the wire: still percent-encoded, user parameters included. The number of a `tel` URI. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Name or address, IPv6 without brackets; `''` for schemes other than `sip` and `sips`. */
  readonly host: string;
  readonly port: number | undefined;
  /** Names in lower case, values as on the wire, `''` for a parameter without value. */
  readonly params: ReadonlyMap<string, string>;
  /** What follows the question mark, as on the wire. Never to be turned into header fields unasked. */
  readonly headers: string | undefined;
  /** Schemes other than `sip`, `sips` and `tel`: everything after the colon. */
  readonly opaque: string | undefined;
}

/** The host that a request for this URI goes to, without brackets: `maddr`, where there is one (RFC 3261 section 19.1.1). */
export function hostToReach({ host, params }: SipUri): string {
  return withoutBrackets(params.get('maddr') ?? '') || host;
}

/** The scheme of a URI in lower case, or `undefined` when it has none (RFC 3986 section 3.1). */
export function uriScheme(text: string): string | undefined {
  const colon = text.indexOf(':');
  if (colon < 1 || colon > 64) return undefined;
  const scheme = text.slice(0, colon);
  return /^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme) ? scheme.toLowerCase() : undefined;
}

/**
 * Takes a URI apart. `undefined` when it is no URI, or a `sip`, `sips` or `tel` URI with a mistake in it: blanks,
 * control characters, quotes or angle brackets anywhere, a bad host or port, an empty parameter. Characters in the
 * user part are judged kindly (`#`, unescaped UTF-8): phones send them.
 */
export function parseSipUri(text: string): SipUri | undefined {
  if (!hasOnlyUriCharacters(text)) return undefined;
  const scheme = uriScheme(text);
  if (scheme === undefined) return undefined;
  const rest = text.slice(scheme.length + 1);
  if (scheme === 'sip' || scheme === 'sips') return parseHierarchical(scheme, rest);
  if (rest === '') return undefined;
  return scheme === 'tel' ? parseTel(rest) : { ...nothing, scheme, opaque: rest };
}

const nothing = {
  user: undefined,
  password: undefined,
  host: '',
  port: undefined,
  params: new Map<string, string>() as ReadonlyMap<string, string>,
  headers: undefined,
  opaque: undefined,
} as const;

function parseHierarchical(scheme: string, rest: string): SipUri | undefined {
  // The user part may hold `;`, `?`, `/` and `,`, but never a bare `@`: what stands before the first one is the user.
  const at = rest.indexOf('@');
  const userInfo = at < 0 ? undefined : rest.slice(0, at);
  const colon = userInfo?.indexOf(':') ?? -1;
  const location = rest.slice(at + 1);
  const question = location.indexOf('?');
  const headers = question < 0 ? undefined : location.slice(question + 1);
  const beforeHeaders = question < 0 ? location : location.slice(0, question);
  const semicolon = beforeHeaders.indexOf(';');
  const hostPort = parseHostPort(semicolon < 0 ? beforeHeaders : beforeHeaders.slice(0, semicolon));
  const params = splitParams(semicolon < 0 ? '' : beforeHeaders.slice(semicolon));
  if (hostPort === undefined || params === undefined) return undefined;
  return {
    scheme,
    user: colon < 0 ? userInfo : userInfo?.slice(0, colon),
    password: colon < 0 ? undefined : userInfo?.slice(colon + 1),
    ...hostPort,
    params,
    headers,
    opaque: undefined,
  };
}

/** RFC 3966: `tel:number;parameters`. */
function parseTel(rest: string): SipUri | undefined {
  const semicolon = rest.indexOf(';');
  const user = semicolon < 0 ? rest : rest.slice(0, semicolon);
  const params = splitParams(semicolon < 0 ? '' : rest.slice(semicolon));
  return user === '' || params === undefined ? undefined : { ...nothing, scheme: 'tel', user, params };
}

function hasOnlyUriCharacters(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code === 0x7f || code === 0x22 || code === 0x3c || code === 0x3e) return false;
  }
  return true;
}

/** The URI as text. Round trip: `parseSipUri(serializeSipUri(uri))` equals `uri`. */
export function serializeSipUri(uri: SipUri): string {
  if (uri.opaque !== undefined) return `${uri.scheme}:${uri.opaque}`;
  const params = serializeParams(uri.params);
  if (uri.scheme === 'tel') return `tel:${uri.user ?? ''}${params}`;
  const password = uri.password === undefined ? '' : `:${uri.password}`;
  const userInfo = uri.user === undefined ? '' : `${uri.user}${password}@`;
  const headers = uri.headers === undefined ? '' : `?${uri.headers}`;
  return `${uri.scheme}:${userInfo}${serializeHostPort(uri)}${params}${headers}`;
}

/**
 * The user as people mean it: parameters after the first `;` removed, then percent-decoded as UTF-8; `''` when there
 * is none. `%00` and `%0D` become the characters they stand for: whoever prints the result must expect any character.
 * A percent sign that starts no escape stays.
 */
export function decodedUser(uri: SipUri): string {
  const raw = uri.user ?? '';
  const semicolon = raw.indexOf(';');
  return percentDecode(semicolon < 0 ? raw : raw.slice(0, semicolon));
}

function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  const source = Buffer.from(text, 'utf8');
  const target = Buffer.allocUnsafe(source.length);
  let length = 0;
  for (let index = 0; index < source.length; index += 1) {
    let byte = source[index] ?? 0;
    const high = hexDigit(source[index + 1]);
    const low = hexDigit(source[index + 2]);
    if (byte === 0x25 && high >= 0 && low >= 0) {
      byte = high * 16 + low;
      index += 2;
    }
    target[length] = byte;
    length += 1;
  }
  return target.toString('utf8', 0, length);
}

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
