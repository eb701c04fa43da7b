/**
 * SIP messages as the conformance suite reads and writes them. Nothing here comes from the product's own code, and it is
 * strict where the product has to be lenient: {@link readMessage} lists what RFC 3261 forbids a sender.
 */

export interface SipMessage {
  /** The first line, and what is in it. `status` is 0 in a request, `method` that of CSeq in a response. */
  readonly startLine: string;
  readonly kind: 'request' | 'response';
  readonly method: string;
  readonly uri: string;
  readonly status: number;
  /** Header fields in order, names as written. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** A message, and everything its sender did wrong. */
export interface ReadMessage {
  readonly message: SipMessage;
  readonly faults: readonly string[];
}

const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;
const REQUEST_LINE = /^([A-Za-z0-9\-.!%*_+`'~]+) (\S+) SIP\/2\.0$/;
const STATUS_LINE = /^SIP\/2\.0 ([1-6]\d\d) [^\r\n]*$/;

/** RFC 3261 section 7.3.3, and what later RFCs added. */
const longNames: ReadonlyMap<string, string> = new Map([
  ['v', 'via'],
  ['f', 'from'],
  ['t', 'to'],
  ['i', 'call-id'],
  ['m', 'contact'],
  ['l', 'content-length'],
  ['c', 'content-type'],
  ['e', 'content-encoding'],
  ['k', 'supported'],
  ['s', 'subject'],
  ['r', 'refer-to'],
  ['b', 'referred-by'],
  ['x', 'session-expires'],
  ['o', 'event'],
]);

function longName(name: string): string {
  const lower = name.toLowerCase();
  return longNames.get(lower) ?? lower;
}

/** All values of a header field, in order, comma-separated ones not split. */
export function headers(message: SipMessage, name: string): readonly string[] {
  const wanted = longName(name);
  return message.fields.filter(([field]) => longName(field) === wanted).map(([, value]) => value);
}

/** The first value of a header field, or `''`. */
export function header(message: SipMessage, name: string): string {
  return headers(message, name)[0] ?? '';
}

/** The tokens of a list header field, lower case: `Allow`, `Supported`, `Require` ... */
export function tokens(message: SipMessage, name: string): readonly string[] {
  return headers(message, name)
    .flatMap((value) => value.split(','))
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
}

/** The tag of From or To, or `''`. */
export function tagOf(value: string): string {
  return /;\s*tag\s*=\s*([^;,\s]+)/i.exec(value.replace(/<[^>]*>/, ''))?.[1] ?? '';
}

/** The URI of a name-addr or addr-spec. */
export function uriOf(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? value.split(';')[0]?.trim() ?? '';
}

/** Entries of a list of addresses (Contact, Route, Record-Route), split at the commas between them. */
export function addresses(message: SipMessage, name: string): readonly string[] {
  return headers(message, name).flatMap((value) =>
    value.split(/,(?=\s*(?:"[^"]*"\s*)?[^,<]*<)/).map((part) => part.trim()),
  );
}

/** Why bytes are no message at all, or the message with its faults. `framed`: it came over a stream. */
export function readMessage(bytes: Buffer, framed: boolean): ReadMessage {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`no end of header fields in ${JSON.stringify(text.slice(0, 80))}`);
  const faults: string[] = [];
  // Folded lines are old, and allowed (section 7.3.1): a server may echo a caller's.
  const unfolded = text.slice(0, end).replace(/\r\n[ \t]+/g, ' ');
  const [startLine = '', ...lines] = unfolded.split('\r\n');
  if (/[\r\n]/.test(startLine + lines.join(''))) faults.push('a bare CR or LF in the header fields');
  const fields = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trimEnd();
    if (!TOKEN.test(name)) faults.push(`no header field: ${JSON.stringify(line.slice(0, 60))}`);
    return [name, line.slice(colon + 1).trim()];
  });
  const request = REQUEST_LINE.exec(startLine);
  const status = STATUS_LINE.exec(startLine);
  if (!request && !status) throw new Error(`neither request nor response: ${JSON.stringify(startLine.slice(0, 80))}`);
  const body = bytes.subarray(Buffer.byteLength(text.slice(0, end), 'latin1') + 4).toString('utf8');
  const bare = { startLine, fields, body, uri: request?.[2] ?? '', status: Number(status?.[1] ?? 0) };
  const cseq = /^(\d+)\s+(\S+)$/.exec(header({ ...bare, kind: 'request', method: '' }, 'CSeq'));
  const message: SipMessage = {
    ...bare,
    kind: request ? 'request' : 'response',
    method: request?.[1] ?? cseq?.[2] ?? '',
  };
  faults.push(...faultsOf(message, bytes.length - end - 4, framed));
  return { message, faults };
}

/** What RFC 3261 asks of every message and this one has not. */
function faultsOf(message: SipMessage, bodyBytes: number, framed: boolean): readonly string[] {
  const faults: string[] = [];
  const what = message.kind === 'request' ? message.method : `${message.status} to ${message.method}`;
  for (const name of ['From', 'To', 'Call-ID', 'CSeq']) {
    const count = headers(message, name).length;
    if (count !== 1) faults.push(`${what}: ${count} ${name} header fields`);
  }
  if (headers(message, 'Via').length === 0) faults.push(`${what}: no Via`);
  // A response repeats what the request had, odd blanks and all.
  const cseq = /^(\d{1,10})\s+(\S+)$/.exec(header(message, 'CSeq'));
  if (!cseq || Number(cseq[1]) >= 2 ** 31) faults.push(`${what}: CSeq is ${header(message, 'CSeq')}`);
  const lengths = headers(message, 'Content-Length');
  if (lengths.length > 1) faults.push(`${what}: ${lengths.length} Content-Length`);
  if (lengths.length === 0 && framed) faults.push(`${what}: no Content-Length on a stream`);
  if (lengths.length > 0 && lengths[0] !== String(bodyBytes)) {
    faults.push(`${what}: Content-Length ${lengths[0]} before a body of ${bodyBytes} bytes`);
  }
  if (bodyBytes > 0 && headers(message, 'Content-Type').length !== 1) faults.push(`${what}: a body of no Content-Type`);
  if (tagOf(header(message, 'From')) === '') faults.push(`${what}: From has no tag`);
  return [...faults, ...(message.kind === 'request' ? requestFaults(message) : responseFaults(message, what))];
}

function requestFaults(message: SipMessage): readonly string[] {
  const { method } = message;
  const faults: string[] = [];
  if (!/^SIP\/2\.0\/(UDP|TCP|TLS|WS|WSS) \S+?;.*branch=z9hG4bK[^;,\s]{4,}/.test(header(message, 'Via'))) {
    faults.push(`${method}: Via is ${header(message, 'Via')}`);
  }
  if (!/^\d{1,3}$/.test(header(message, 'Max-Forwards'))) faults.push(`${method}: no sound Max-Forwards`);
  if (header(message, 'CSeq').split(' ')[1] !== method) faults.push(`${method}: CSeq is ${header(message, 'CSeq')}`);
  const contacts = headers(message, 'Contact').length;
  if (['INVITE', 'REFER', 'UPDATE', 'NOTIFY', 'SUBSCRIBE'].includes(method) && contacts !== 1) {
    faults.push(`${method}: ${contacts} Contact header fields (RFC 3261 section 8.1.1.8)`);
  }
  return faults;
}

/** Header fields without which a response of that status says nothing. */
const required: ReadonlyMap<number, string> = new Map([
  [401, 'WWW-Authenticate'],
  [405, 'Allow'],
  [407, 'Proxy-Authenticate'],
  [415, 'Accept'],
  [420, 'Unsupported'],
  [422, 'Min-SE'],
  [423, 'Min-Expires'],
]);

function responseFaults(message: SipMessage, what: string): readonly string[] {
  const faults: string[] = [];
  if (message.status > 100 && tagOf(header(message, 'To')) === '') faults.push(`${what}: To has no tag`);
  const needed = required.get(message.status);
  if (needed !== undefined && headers(message, needed).length === 0) faults.push(`${what}: no ${needed}`);
  if (message.method === 'INVITE' && message.status >= 200 && message.status < 300) {
    const contacts = headers(message, 'Contact').length;
    if (contacts !== 1) faults.push(`${what}: ${contacts} Contact header fields (RFC 3261 section 12.1.1)`);
  }
  return faults;
}

/** What a response must repeat of its request (RFC 3261 section 8.2.6.2) and does not. */
export function echoFaults(request: SipMessage, response: SipMessage): readonly string[] {
  const faults: string[] = [];
  const what = `${response.status} to ${response.method}`;
  for (const name of ['From', 'Call-ID', 'CSeq']) {
    if (header(request, name) !== header(response, name)) {
      faults.push(`${what}: ${name} is ${header(response, name)}, not ${header(request, name)}`);
    }
  }
  const split = (message: SipMessage): readonly string[] =>
    headers(message, 'Via').flatMap((value) => value.split(/,\s*(?=SIP\s*\/)/));
  const [sent, seen] = [split(request), split(response)];
  const branch = (via: string | undefined): string => /branch=([^;,\s]+)/i.exec(via ?? '')?.[1] ?? '';
  if (sent.length !== seen.length || sent.some((via, index) => branch(via) !== branch(seen[index]))) {
    faults.push(`${what}: other Via header fields than the request's`);
  }
  const to = header(request, 'To');
  const answered = header(response, 'To');
  if (!answered.startsWith(to)) faults.push(`${what}: To is ${answered}, not ${to}`);
  return faults;
}

/** Header fields and body of a message to be written. */
export interface MessageParts {
  readonly startLine: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

/** The message as text; Content-Length is added. */
export function writeMessage({ startLine, fields, body = '' }: MessageParts): string {
  const lines = [...fields, ['Content-Length', String(Buffer.byteLength(body))]].map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `${startLine}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}
