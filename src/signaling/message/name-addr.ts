import {
  COMMA,
  GREATER_THAN,
  LESS_THAN,
  QUOTE,
  quote,
  SPACE,
  serializeParams,
  splitList,
  TAB,
  TextCursor,
  takeParams,
  trimBlanks,
  unquote,
} from './lexical.js';
import { parseSipUri, uriScheme } from './sip-uri.js';

/** The parts a `name-addr` or `addr-spec` with parameters is written from: From, To, Contact, Route, Refer-To. */
export interface NameAddrParts {
  /**
   * Decoded, without quotes; `''` when there is none. A quoted string may hold any character but CR and LF, NUL and
   * escape sequences included: whoever prints it must expect that.
   */
  readonly displayName: string;
  /** As on the wire, without angle brackets. */
  readonly uri: string;
  /** Header parameters, not those of the URI. Names in lower case, values as on the wire, `''` for none. */
  readonly params: ReadonlyMap<string, string>;
}

export interface NameAddr extends NameAddrParts {
  /** The `tag` parameter. */
  readonly tag: string | undefined;
}

/**
 * Reads one `name-addr` or `addr-spec` with its parameters (RFC 3261 sections 20.10 and 25.1). `undefined` when it is
 * malformed: an unterminated quote, blanks inside `<>`, a URI with `?` or `,` outside `<>`, a comma or semicolon in an
 * unquoted display name, an empty parameter, a `sip` URI that cannot be read. Other non-token characters in an
 * unquoted display name are let through, since PBXs send them.
 */
export function parseNameAddr(text: string): NameAddr | undefined {
  const cursor = new TextCursor(text);
  cursor.skipBlanks();
  const open = cursor.code === QUOTE ? undefined : openingBracket(text);
  let displayName = '';
  let uri: string | undefined;
  if (open === undefined) {
    const quoted = cursor.takeQuoted();
    if (quoted === undefined) return undefined;
    displayName = unquote(quoted);
    cursor.skipBlanks();
    uri = takeBracketedUri(cursor);
  } else if (open >= 0) {
    displayName = trimBlanks(text.slice(cursor.position, open));
    if (!isUnquotedDisplayName(displayName)) return undefined;
    cursor.position = open;
    uri = takeBracketedUri(cursor);
  } else {
    uri = cursor.takeWord();
    // RFC 3261 section 20: a URI with a comma, question mark or semicolon must stand in angle brackets.
    if (uri.includes('?')) return undefined;
  }
  if (uri === undefined || !isUri(uri)) return undefined;
  const params = takeParams(cursor);
  if (params === undefined) return undefined;
  return { displayName, uri, params, tag: params.get('tag') };
}

/** Where the URI's bracket is, -1 where it has none: behind a semicolon one stands in the value of a parameter. */
function openingBracket(text: string): number {
  const open = text.indexOf('<');
  const semicolon = text.indexOf(';');
  return semicolon >= 0 && semicolon < open ? -1 : open;
}

function takeBracketedUri(cursor: TextCursor): string | undefined {
  if (!cursor.take(LESS_THAN)) return undefined;
  const end = cursor.text.indexOf('>', cursor.position);
  if (end < 0) return undefined;
  const uri = cursor.text.slice(cursor.position, end);
  cursor.position = end + 1;
  return uri;
}

function isUri(text: string): boolean {
  return uriScheme(text) !== undefined && parseSipUri(text) !== undefined;
}

function isUnquotedDisplayName(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === COMMA || code === QUOTE || code === GREATER_THAN || (code < SPACE && code !== TAB)) return false;
  }
  return true;
}

/** Reads a comma-separated list such as Contact, Route or Record-Route; `undefined` when empty or any of it is malformed. */
export function parseNameAddrList(value: string): readonly NameAddr[] | undefined {
  const list: NameAddr[] = [];
  for (const element of splitList(value)) {
    const nameAddr = parseNameAddr(element);
    if (nameAddr === undefined) return undefined;
    list.push(nameAddr);
  }
  return list.length > 0 ? list : undefined;
}

/** As text, always with angle brackets, so that no URI parameter turns into a header parameter. */
export function serializeNameAddr({ displayName, uri, params }: NameAddrParts): string {
  const name = displayName === '' ? '' : `${quote(displayName)} `;
  return `${name}<${uri}>${serializeParams(params)}`;
}
