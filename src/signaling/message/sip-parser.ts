import type { SipProtocol } from '../port.js';
import { parseCSeq } from './cseq.js';
import { isToken, SPACE } from './lexical.js';
import { messageLimits } from './limits.js';
import { parseMaxForwards } from './max-forwards.js';
import { type MessageHead, readHead } from './message-head.js';
import { parseNameAddr, parseNameAddrList } from './name-addr.js';
import type { SipHeaders } from './sip-headers.js';
import type { ParsedMessage, SipRequest } from './sip-message.js';
import { parseSipUri } from './sip-uri.js';
import { topVia } from './via.js';

/** Why a request is refused. */
interface Refusal {
  readonly status: number;
  readonly reason: string;
}

/** A request line taken apart without judging it. */
interface RequestLine {
  readonly method: string;
  readonly uri: string;
  readonly version: string;
  /** Exactly one blank between the parts and none around them. */
  readonly exact: boolean;
}

/**
 * Reads one message: a whole datagram, or one frame of a stream. Never throws; time and memory are linear in
 * `bytes.length`. The message keeps nothing of `bytes`: the chunk of a stream may be a hundred times as large.
 *
 * Judged here, since no sender of a sound message can be hit: syntax of start line, Via, From, To, Call-ID, CSeq,
 * Contact, Route, Record-Route, Max-Forwards and Date (400), SIP version (505), sizes (413, 414, 513), framing
 * (RFC 3261 section 18.3). Left to the endpoint, since it depends on what the endpoint can do: URI schemes (416),
 * methods (405, 501), extensions (420), bodies (415, 406, 488), hops (483).
 *
 * Responses and ACKs with a mistake are discarded, and so is a request without any Via: none of them can be answered.
 */
export function parseMessage(bytes: Buffer, transport: SipProtocol): ParsedMessage {
  const head = readHead(bytes);
  if (/^SIP\//i.test(head.startLine)) return readResponse(bytes, head, transport);
  const line = splitRequestLine(head.startLine);
  if (line === undefined) return { type: 'discard', reason: 'neither a request nor a response' };
  const refusal = judgeRequest(bytes, head, line, transport);
  const { method, uri } = line;
  const { headers } = head;
  if (refusal === undefined) {
    return { type: 'message', message: { kind: 'request', method, uri, headers, body: bodyOf(bytes, head) } };
  }
  if (method === 'ACK') return { type: 'discard', reason: `ACK: ${refusal.reason}` };
  if (!headers.has('Via')) return { type: 'discard', reason: `no Via: ${refusal.reason}` };
  const request: SipRequest = { kind: 'request', method, uri, headers, body: Buffer.alloc(0) };
  return { type: 'malformed', ...refusal, request };
}

/** RFC 3261 section 7.2: `SIP/2.0 status phrase`; the blank before an empty phrase may be missing. */
function readResponse(bytes: Buffer, head: MessageHead, transport: SipProtocol): ParsedMessage {
  const line = head.startLine;
  const status = Number(line.slice(8, 11));
  const sound = /^SIP\/2\.0 [1-6][0-9][0-9](?: |$)/i.test(line);
  if (!sound) return { type: 'discard', reason: 'malformed status line' };
  const refusal = judgeFraming(bytes, head, transport) ?? judgeCommon(head.headers);
  if (refusal !== undefined) return { type: 'discard', reason: `response: ${refusal.reason}` };
  // The phrase may end up on somebody's terminal.
  const phrase = line.slice(12).replace(/\p{Cc}/gu, ' ');
  return {
    type: 'message',
    message: { kind: 'response', status, phrase, headers: head.headers, body: bodyOf(bytes, head) },
  };
}

/** Splits `method URI SIP/x.y`; `undefined` when it is nothing of the kind, so that nothing is answered. */
function splitRequestLine(startLine: string): RequestLine | undefined {
  const line = startLine.trim();
  const firstBlank = line.indexOf(' ');
  const lastBlank = line.lastIndexOf(' ');
  if (firstBlank < 0 || lastBlank === firstBlank) return undefined;
  const method = line.slice(0, firstBlank);
  const version = line.slice(lastBlank + 1);
  if (!isToken(method) || !/^SIP\/[0-9]{1,9}\.[0-9]{1,9}$/i.test(version)) return undefined;
  const uri = line.slice(firstBlank + 1, lastBlank).trim();
  const exact = `${method} ${uri} ${version}` === startLine;
  return { method, uri, version, exact };
}

function judgeRequest(
  bytes: Buffer,
  head: MessageHead,
  line: RequestLine,
  transport: SipProtocol,
): Refusal | undefined {
  if (line.version.slice(4) !== '2.0') return { status: 505, reason: 'SIP version' };
  return (
    judgeRequestLine(line) ??
    judgeFraming(bytes, head, transport) ??
    judgeCommon(head.headers) ??
    judgeRequestHeaders(head.headers, line.method)
  );
}

function judgeRequestLine({ method, uri, exact }: RequestLine): Refusal | undefined {
  if (method.length > messageLimits.methodLength) return bad('method too long');
  if (uri.length > messageLimits.requestUriLength) return { status: 414, reason: 'request-URI too long' };
  if (!exact) return bad('blanks in the request line');
  const parsed = parseSipUri(uri);
  if (parsed === undefined) return bad('request-URI');
  // RFC 3261 section 19.1.1: header fields are not allowed here; taking them over would let a caller forge a Route.
  if (parsed.headers !== undefined) return bad('header fields in the request-URI');
  return undefined;
}

/** Head and body: RFC 3261 sections 7.3, 18.3 and 20.14. */
function judgeFraming(bytes: Buffer, head: MessageHead, transport: SipProtocol): Refusal | undefined {
  const { bodyStart, contentLength } = head;
  if ((bodyStart ?? bytes.length) > messageLimits.headBytes) return { status: 513, reason: 'header fields too long' };
  if (head.fault !== undefined) return bad(head.fault);
  if (bodyStart === undefined) return bad('no empty line after the header fields');
  if (contentLength === 'invalid') return bad('Content-Length');
  if (contentLength === 'absent') return isStream(transport) ? bad('no Content-Length on a stream') : undefined;
  if (isStream(transport) && contentLength > messageLimits.bodyBytes) return { status: 413, reason: 'body too long' };
  if (contentLength > bytes.length - bodyStart) return bad('body shorter than Content-Length');
  return undefined;
}

/** What requests and responses must both have: RFC 3261 section 8.1.1. */
function judgeCommon(headers: SipHeaders): Refusal | undefined {
  if (topVia(headers) === undefined) return bad('Via');
  if (parseNameAddr(headers.get('From') ?? '') === undefined) return bad('From');
  if (parseNameAddr(headers.get('To') ?? '') === undefined) return bad('To');
  if (!isCallId(headers.get('Call-ID') ?? '')) return bad('Call-ID');
  if (parseCSeq(headers.get('CSeq') ?? '') === undefined) return bad('CSeq');
  return undefined;
}

function judgeRequestHeaders(headers: SipHeaders, method: string): Refusal | undefined {
  if (parseCSeq(headers.get('CSeq') ?? '')?.method !== method) return bad('CSeq of another method');
  const maxForwards = headers.get('Max-Forwards');
  if (maxForwards !== undefined && parseMaxForwards(maxForwards) === undefined) return bad('Max-Forwards');
  for (const contact of headers.getAll('Contact')) {
    if (contact !== '*' && parseNameAddrList(contact) === undefined) return bad('Contact');
  }
  for (const route of headers.getAll('Route')) if (parseNameAddrList(route) === undefined) return bad('Route');
  for (const route of headers.getAll('Record-Route')) {
    if (parseNameAddrList(route) === undefined) return bad('Record-Route');
  }
  // RFC 3261 section 20.17: GMT and no other zone. The rest of a Date harms nobody and is not looked at.
  const date = headers.get('Date');
  if (date !== undefined && !/GMT$/i.test(date)) return bad('Date not in GMT');
  return undefined;
}

/** Visible ASCII, which is a little more than the RFC's `word ["@" word]`, within the length limit. */
function isCallId(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code <= SPACE || code > 0x7e) return false;
  }
  return text.length > 0 && text.length <= messageLimits.callIdLength;
}

const noBody: Buffer = Buffer.alloc(0);

/** Octets after Content-Length are not part of the message (RFC 3261 section 18.3). */
function bodyOf(bytes: Buffer, head: MessageHead): Buffer {
  const start = head.bodyStart ?? bytes.length;
  const end = typeof head.contentLength === 'number' ? start + head.contentLength : bytes.length;
  if (end === start) return noBody;
  const body = Buffer.allocUnsafeSlow(end - start);
  bytes.copy(body, 0, start, end);
  return body;
}

/** Where the end of a message is told by Content-Length alone; a datagram and a WebSocket message end by themselves. */
function isStream(transport: SipProtocol): boolean {
  return transport === 'tcp' || transport === 'tls';
}

function bad(reason: string): Refusal {
  return { status: 400, reason };
}
