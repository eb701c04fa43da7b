import { canonicalHost, parseHostPort, parsePort, serializeHostPort } from './host.js';
import { COLON, SLASH, serializeParams, splitList, TextCursor, takeParams } from './lexical.js';
import type { SipHeaders } from './sip-headers.js';

/** The parts a Via is written from. */
export interface ViaParts {
  /** `UDP`, `TCP`, `TLS` and so on, as on the wire. */
  readonly transport: string;
  /** sent-by: name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** All parameters in order, `branch`, `received` and `rport` included; `''` for one without value. */
  readonly params: ReadonlyMap<string, string>;
}

/** One Via of RFC 3261 section 20.42. */
export interface Via extends ViaParts {
  readonly branch: string | undefined;
  /** Without brackets. */
  readonly received: string | undefined;
  /** RFC 3581: `requested` for the parameter without value, the port once a server has filled it in. */
  readonly rport: number | 'requested' | undefined;
}

/** Reads one Via; `undefined` when malformed, also when its protocol is not SIP/2.0. */
export function parseVia(text: string): Via | undefined {
  const cursor = new TextCursor(text);
  cursor.skipBlanks();
  if (cursor.takeToken().toUpperCase() !== 'SIP' || !takeSeparator(cursor, SLASH)) return undefined;
  if (cursor.takeToken() !== '2.0' || !takeSeparator(cursor, SLASH)) return undefined;
  const transport = cursor.takeToken();
  const blanksAt = cursor.position;
  cursor.skipBlanks();
  if (transport === '' || cursor.position === blanksAt) return undefined;
  let sentBy = cursor.takeWord();
  cursor.skipBlanks();
  if (sentBy.endsWith(':') || cursor.code === COLON) {
    if (cursor.take(COLON)) sentBy += ':';
    cursor.skipBlanks();
    sentBy += cursor.takeWord();
  }
  const hostPort = parseHostPort(sentBy);
  const params = takeParams(cursor);
  if (hostPort === undefined || params === undefined) return undefined;
  const rport = params.get('rport');
  const rportNumber = rport === undefined || rport === '' ? undefined : parsePort(rport);
  if (rport !== undefined && rport !== '' && rportNumber === undefined) return undefined;
  return {
    transport,
    ...hostPort,
    params,
    branch: params.get('branch'),
    received: stripBrackets(params.get('received')),
    rport: rport === '' ? 'requested' : rportNumber,
  };
}

function takeSeparator(cursor: TextCursor, code: number): boolean {
  cursor.skipBlanks();
  const taken = cursor.take(code);
  cursor.skipBlanks();
  return taken;
}

/** RFC 5118 section 4.5: `received` comes with and without brackets. */
function stripBrackets(address: string | undefined): string | undefined {
  return address?.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
}

/** As text. Of a {@link Via} only the {@link ViaParts} count. */
export function serializeVia(via: ViaParts): string {
  return `SIP/2.0/${via.transport} ${serializeHostPort(via)}${serializeParams(via.params)}`;
}

/** The topmost Via of a message, also where the first header field holds a list; `undefined` if absent or malformed. */
export function topVia(headers: SipHeaders): Via | undefined {
  const first = headers.get('Via');
  if (first === undefined) return undefined;
  return parseVia(splitList(first)[0] ?? '');
}

/**
 * Notes in the topmost Via where the request really came from: `received` when sent-by is another host, and both
 * `received` and `rport` when the sender asked for `rport` (RFC 3261 section 18.2.1, RFC 3581 section 4). A message
 * without a readable Via is left as it is.
 */
export function stampVia(headers: SipHeaders, source: { readonly address: string; readonly port: number }): void {
  const [first, ...others] = splitList(headers.get('Via') ?? '');
  const via = first === undefined ? undefined : parseVia(first);
  if (via === undefined) return;
  const params = new Map(via.params);
  // A `received` or a filled-in `rport` in a request was put there by the sender: it is not to be believed.
  params.delete('received');
  if (via.rport !== undefined) params.set('rport', String(source.port));
  // An IPv6 zone means nothing outside this machine.
  const [address = ''] = source.address.split('%');
  if (via.rport !== undefined || canonicalHost(via.host) !== address) params.set('received', address);
  headers.replaceFirst('Via', [serializeVia({ ...via, params }), ...others].join(', '));
}
