/** Longest challenge or credentials that are read, characters. */
const MAX_LENGTH = 4_096;

const QUOTE = 0x22;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** A challenge (WWW-Authenticate, Proxy-Authenticate) or credentials (Authorization, Proxy-Authorization). */
export interface AuthHeader {
  /** Lower case: `digest`, `basic` ... */
  readonly scheme: string;
  /** Names in lower case, values without quotes and escapes. */
  readonly params: ReadonlyMap<string, string>;
}

/**
 * Reads one header field value (RFC 3261 section 25.1, `challenge` and `credentials`; RFC 7235 section 2.1). Walks the
 * text once. `undefined` when it is malformed, names a parameter twice, has no parameters, or is absurdly long.
 */
export function parseAuthHeader(value: string): AuthHeader | undefined {
  if (value.length > MAX_LENGTH) return undefined;
  const text = value.trim();
  const blank = text.search(/[ \t]/);
  if (blank < 1) return undefined;
  const params = new Map<string, string>();
  let position = blank;
  while (position < text.length) {
    const param = takeParam(text, skipBlanks(text, position));
    if (param === undefined || params.has(param.name)) return undefined;
    params.set(param.name, param.value);
    position = skipBlanks(text, param.end);
    if (position === text.length) break;
    if (text.charCodeAt(position) !== COMMA) return undefined;
    position += 1;
  }
  return params.size === 0 ? undefined : { scheme: text.slice(0, blank).toLowerCase(), params };
}

interface Param {
  readonly name: string;
  readonly value: string;
  /** Index after it. */
  readonly end: number;
}

function takeParam(text: string, start: number): Param | undefined {
  const equals = text.indexOf('=', start);
  const nameEnd = endOfToken(text, start);
  if (nameEnd === start || equals < 0 || skipBlanks(text, nameEnd) !== equals) return undefined;
  const name = text.slice(start, nameEnd).toLowerCase();
  const valueStart = skipBlanks(text, equals + 1);
  if (text.charCodeAt(valueStart) === QUOTE) {
    const quoted = takeQuoted(text, valueStart + 1);
    return quoted && { name, ...quoted };
  }
  const end = endOfToken(text, valueStart);
  return end === valueStart ? undefined : { name, value: text.slice(valueStart, end), end };
}

function takeQuoted(text: string, start: number): Omit<Param, 'name'> | undefined {
  let value = '';
  for (let index = start; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) return { value, end: index + 1 };
    if (code === BACKSLASH) index += 1;
    value += text.charAt(index);
  }
  return undefined;
}

/** Up to the next blank, comma, quote or equals sign. */
function endOfToken(text: string, start: number): number {
  let index = start;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code === COMMA || code === QUOTE || code === EQUALS) break;
    index += 1;
  }
  return index;
}

function skipBlanks(text: string, start: number): number {
  let index = start;
  while (index < text.length && (text.charAt(index) === ' ' || text.charAt(index) === '\t')) index += 1;
  return index;
}

/** As a quoted string; line ends, which would break the message, become blanks. */
export function quoteAuthValue(value: string): string {
  return `"${value.replace(/[\r\n]+/g, ' ').replace(/["\\]/g, '\\$&')}"`;
}
