import { headerName } from './header-names.js';
import { BACKSLASH, COLON, isTokenCode, parseDecimal, SPACE, TAB } from './lexical.js';
import { messageLimits } from './limits.js';
import { SipHeaders } from './sip-headers.js';

const LF = 0x0a;
const CR = 0x0d;

/** Start line and header fields of one message, before anything is made of their meaning. */
export interface MessageHead {
  readonly startLine: string;
  /** Everything that could be read, in order, under long names, unfolded; no value holds CR or LF. */
  readonly headers: SipHeaders;
  /** Index of the first body byte; `undefined` when the empty line that ends the head is missing. */
  readonly bodyStart: number | undefined;
  /** `invalid`: no number, negative, or two fields that differ. */
  readonly contentLength: number | 'absent' | 'invalid';
  /** The first breach of RFC 3261 section 7.3, in words without any of the text itself. */
  readonly fault: string | undefined;
  /**
   * True where a line end, a field name or a control character is out of place, so that another reader may see other
   * fields here than we do. On a stream nothing after such a head can be trusted.
   */
  readonly ambiguous: boolean;
}

/**
 * Reads the head of a message (RFC 3261 sections 7.3 and 7.5) in one pass. Never throws and never gives up: what is
 * wrong is noted in `fault`, so that an answer can still be built from the rest. Lines end at LF; one without CR is a
 * fault. Invalid UTF-8 becomes U+FFFD.
 */
export function readHead(bytes: Buffer): MessageHead {
  return new HeadReader(bytes).read();
}

class HeadReader {
  readonly #bytes: Buffer;
  readonly #headers = new SipHeaders();
  readonly #singlesSeen = new Set<string>();
  #position = 0;
  #fields = 0;
  #contentLength: MessageHead['contentLength'] = 'absent';
  #fault: string | undefined;
  #ambiguous = false;
  /** The line read last, without its end. */
  #lineStart = 0;
  #lineEnd = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(): MessageHead {
    const bytes = this.#bytes;
    while (bytes[this.#position] === CR || bytes[this.#position] === LF) this.#position += 1;
    this.#nextLine();
    const startLine = bytes.toString('utf8', this.#lineStart, this.#lineEnd);
    let ended = false;
    while (!ended && this.#nextLine()) {
      if (this.#lineStart === this.#lineEnd) ended = true;
      else this.#readField();
    }
    return {
      startLine,
      headers: this.#headers,
      bodyStart: ended ? this.#position : undefined,
      contentLength: this.#contentLength,
      fault: this.#fault,
      ambiguous: this.#ambiguous,
    };
  }

  /** Moves on to the next line; false when no complete one is left. */
  #nextLine(): boolean {
    const start = this.#position;
    const lf = this.#bytes.indexOf(LF, start);
    this.#lineStart = start;
    if (lf < 0) {
      this.#lineEnd = this.#bytes.length;
      this.#position = this.#bytes.length;
      return false;
    }
    const hasCr = lf > start && this.#bytes[lf - 1] === CR;
    if (!hasCr) this.#noteAmbiguity('line without CR');
    this.#lineEnd = hasCr ? lf - 1 : lf;
    this.#position = lf + 1;
    return true;
  }

  /** Reads one field from the current line and the folded lines after it. */
  #readField(): void {
    const bytes = this.#bytes;
    const nameStart = this.#lineStart;
    let index = nameStart;
    while (index < this.#lineEnd && isTokenCode(bytes[index] ?? 0)) index += 1;
    const nameEnd = index;
    while (index < this.#lineEnd && isBlank(bytes[index])) index += 1;
    const named = nameEnd > nameStart && index < this.#lineEnd && bytes[index] === COLON;
    const value = this.#readValue(index + 1);
    this.#fields += 1;
    if (!named) this.#noteAmbiguity('malformed header field');
    else if (nameEnd - nameStart > messageLimits.headerNameBytes) this.#noteAmbiguity('header name too long');
    else if (this.#fields > messageLimits.headerFields) this.#noteAmbiguity('too many header fields');
    else this.#store(bytes.toString('latin1', nameStart, nameEnd), value);
  }

  /** The value from `start` to the end of the line, unfolded: each fold becomes one blank. */
  #readValue(start: number): string {
    let value = this.#readText(start);
    if (!isBlank(this.#bytes[this.#position])) return value;
    const parts = value === '' ? [] : [value];
    while (isBlank(this.#bytes[this.#position]) && this.#nextLine()) {
      value = this.#readText(this.#lineStart);
      if (value !== '') parts.push(value);
    }
    return parts.join(' ');
  }

  /** The text from `start` to the end of the line without blanks around it. */
  #readText(start: number): string {
    const bytes = this.#bytes;
    let end = this.#lineEnd;
    while (start < end && isBlank(bytes[start])) start += 1;
    while (end > start && isBlank(bytes[end - 1])) end -= 1;
    if (start >= end) return '';
    const text = bytes.toString('utf8', start, end);
    if (!hasStrayControl(bytes, start, end)) return text;
    this.#noteAmbiguity('control character in a header value');
    return text.replaceAll('\r', ' ');
  }

  #store(wireName: string, value: string): void {
    const { name, single } = headerName(wireName);
    if (name === 'Content-Length') this.#noteContentLength(value);
    if (single) {
      if (this.#singlesSeen.has(name)) this.#note(`more than one ${name}`);
      this.#singlesSeen.add(name);
    }
    this.#headers.append(name, value);
  }

  #noteContentLength(value: string): void {
    const length = parseDecimal(value, Number.MAX_SAFE_INTEGER) ?? 'invalid';
    const agrees = this.#contentLength === 'absent' || this.#contentLength === length;
    this.#contentLength = agrees ? length : 'invalid';
  }

  #noteAmbiguity(fault: string): void {
    this.#ambiguous = true;
    this.#note(fault);
  }

  #note(fault: string): void {
    this.#fault ??= fault;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

/** Whether a control character stands where no backslash quotes it; CR can never be quoted (RFC 3261 section 25.1). */
function hasStrayControl(bytes: Buffer, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte >= SPACE && byte !== 0x7f) continue;
    if (byte === TAB) continue;
    if (byte === CR || index === start || bytes[index - 1] !== BACKSLASH) return true;
  }
  return false;
}
