/**
 * The lexical rules that SIP header fields share (RFC 3261 section 25.1). Everything here walks its text once, by
 * character code: a regular expression over hostile text can backtrack, this cannot.
 */

const TOKEN_EXTRAS = "-.!%*_+`'~";

const tokenCodes: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  return code < 128 && (/[A-Za-z0-9]/.test(character) || TOKEN_EXTRAS.includes(character)) ? 1 : 0;
});

export const TAB = 0x09;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const SLASH = 0x2f;
export const COLON = 0x3a;
const SEMICOLON = 0x3b;
export const LESS_THAN = 0x3c;
const EQUALS = 0x3d;
export const GREATER_THAN = 0x3e;
export const BACKSLASH = 0x5c;

/** Whether a character code may stand in a `token` (RFC 3261 section 25.1). */
export function isTokenCode(code: number): boolean {
  return tokenCodes[code] === 1;
}

/** Whether `text` is one non-empty `token`. */
export function isToken(text: string): boolean {
  if (text === '') return false;
  for (let index = 0; index < text.length; index += 1) {
    if (!isTokenCode(text.charCodeAt(index))) return false;
  }
  return true;
}

/** Whether a code is blank inside one header value; line ends are gone once a header field is unfolded. */
function isBlankCode(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Removes blanks and tabs from both ends; unlike `trim` it leaves U+FEFF and other Unicode space alone. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlankCode(text.charCodeAt(start))) start += 1;
  while (end > start && isBlankCode(text.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/**
 * A non-negative decimal number, leading zeroes allowed (`0068`), or `undefined` when `text` is anything else or the
 * number exceeds `limit`.
 */
export function parseDecimal(text: string, limit: number): number | undefined {
  if (text === '') return undefined;
  let value = 0;
  for (let index = 0; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
    if (value > limit) return undefined;
  }
  return value;
}

/** Elements of one list that are looked at: far more than any honest message has, and few enough to cost nothing. */
const MAX_LIST_ELEMENTS = 4_096;

/**
 * Splits a comma-separated list, leaving commas inside quoted strings and angle brackets alone. Elements come without
 * surrounding blanks; an empty element stays, as `''`, for the caller to refuse; an empty list has no elements. A list
 * of more than 4,096 elements ends with an empty one.
 */
export function splitList(value: string): readonly string[] {
  const elements: string[] = [];
  let start = 0;
  let quoted = false;
  let bracketed = false;
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (quoted) {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) quoted = false;
    } else if (bracketed) {
      if (code === GREATER_THAN) bracketed = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === LESS_THAN) bracketed = true;
    else if (code === COMMA) {
      elements.push(trimBlanks(value.slice(start, index)));
      start = index + 1;
      if (elements.length === MAX_LIST_ELEMENTS) {
        elements.push('');
        return elements;
      }
    }
  }
  const last = trimBlanks(value.slice(start));
  if (last !== '' || elements.length > 0) elements.push(last);
  return elements;
}

/**
 * All tokens of header fields such as Supported, Require or Allow, in order, empty elements left out. Letter case is
 * kept: methods are case-sensitive, option tags are compared without regard to case by the caller.
 */
export function tokenList(values: readonly string[]): readonly string[] {
  return values.flatMap((value) => splitList(value)).filter((element) => element !== '');
}

/** Whether header fields such as Supported or Require name an option tag, whatever its letter case. */
export function hasOptionTag(values: readonly string[], tag: string): boolean {
  return tokenList(values).some((element) => element.toLowerCase() === tag);
}

/** A `quoted-string` with its quotes and backslashes removed; any other text as it is. */
export function unquote(text: string): string {
  if (text.length < 2 || text.charCodeAt(0) !== QUOTE || text.charCodeAt(text.length - 1) !== QUOTE) return text;
  const inner = text.slice(1, -1);
  return inner.includes('\\') ? inner.replace(/\\(.)/gs, '$1') : inner;
}

/** Text as a `quoted-string`. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Walks over one header value. Every `take` method moves on only when it finds what it looks for. */
export class TextCursor {
  position = 0;

  constructor(readonly text: string) {}

  get atEnd(): boolean {
    return this.position >= this.text.length;
  }

  /** The code under the cursor, `NaN` at the end. */
  get code(): number {
    return this.text.charCodeAt(this.position);
  }

  skipBlanks(): void {
    while (isBlankCode(this.text.charCodeAt(this.position))) this.position += 1;
  }

  take(code: number): boolean {
    if (this.text.charCodeAt(this.position) !== code) return false;
    this.position += 1;
    return true;
  }

  /** The run of token characters under the cursor, possibly `''`. */
  takeToken(): string {
    const start = this.position;
    while (isTokenCode(this.text.charCodeAt(this.position))) this.position += 1;
    return this.text.slice(start, this.position);
  }

  /** A `quoted-string` with its quotes, or `undefined` when none starts here or it has no end. */
  takeQuoted(): string | undefined {
    const { text, position: start } = this;
    if (text.charCodeAt(start) !== QUOTE) return undefined;
    for (let index = start + 1; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) {
        this.position = index + 1;
        return text.slice(start, index + 1);
      }
    }
    return undefined;
  }

  /** The run up to a blank, `;`, `,`, quote or angle bracket: a parameter value that is a token, a host or a URI. */
  takeWord(): string {
    const start = this.position;
    for (;;) {
      const code = this.text.charCodeAt(this.position);
      if (!(code > SPACE) || code === SEMICOLON || code === COMMA) break;
      if (code === QUOTE || code === LESS_THAN || code === GREATER_THAN || code === 0x7f) break;
      this.position += 1;
    }
    return this.text.slice(start, this.position);
  }
}

/**
 * Reads `;name=value` pairs from the cursor to the end of its text. Names come in lower case, values as they stand
 * (a quoted string keeps its quotes), a parameter without value has `''`. `undefined` when the text is anything else,
 * or when a parameter comes twice with different values: which of two tags counts must not be left to chance.
 */
export function takeParams(cursor: TextCursor): Map<string, string> | undefined {
  const params = new Map<string, string>();
  for (;;) {
    cursor.skipBlanks();
    if (cursor.atEnd) return params;
    if (!cursor.take(SEMICOLON)) return undefined;
    cursor.skipBlanks();
    const name = cursor.takeToken().toLowerCase();
    if (name === '') return undefined;
    cursor.skipBlanks();
    let value: string | undefined = '';
    if (cursor.take(EQUALS)) {
      cursor.skipBlanks();
      value = cursor.code === QUOTE ? cursor.takeQuoted() : cursor.takeWord();
      if (value === undefined || value === '') return undefined;
    }
    const earlier = params.get(name);
    if (earlier === undefined) params.set(name, value);
    else if (earlier !== value) return undefined;
  }
}

/** {@link takeParams} over a whole text. */
export function splitParams(text: string): Map<string, string> | undefined {
  return takeParams(new TextCursor(text));
}

/** Parameters as they stand in a header value or URI, with the leading semicolon; `''` when there are none. */
export function serializeParams(params: ReadonlyMap<string, string>): string {
  let text = '';
  for (const [name, value] of params) text += value === '' ? `;${name}` : `;${name}=${value}`;
  return text;
}
