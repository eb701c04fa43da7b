import type { Random } from '../../../base/random.js';

/**
 * The framing of Azure's Speech service ("USP"), as cognitive-services-speech-sdk-js 1.52 writes and reads it. A text
 * message is header lines, a blank line, and the body. A binary one begins with the length of its header:
 *
 *     0                   1
 *     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
 *    +-------------------------------+
 *    |     header length, bytes      |  big-endian
 *    +-------------------------------+
 *    |  Path: audio CRLF             |
 *    |  X-RequestId: 32 hex CRLF     |  ASCII, `header length` bytes
 *    |  ...                          |
 *    +-------------------------------+
 *    |  body                         |
 *
 * Every message belongs to a *turn*, which the client begins by choosing a request id; the service repeats it.
 */
export interface UspMessage {
  /** Lower case: names are not case-sensitive. */
  readonly path: string;
  /** Upper case. */
  readonly requestId: string;
  /** Of audio; '' if there is none. */
  readonly streamId: string;
  readonly body: UspBody;
}

export type UspBody =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'binary'; readonly bytes: Buffer };

const CRLF = '\r\n';
/** Longest header that is looked at, and most lines of it. */
const MAX_HEADER_BYTES = 8 * 1024;
const MAX_HEADER_LINES = 32;
const LENGTH_BYTES = 2;

/** Ids of turns and of connections: 32 hexadecimal digits. */
export function newUspId(random: Random): string {
  return random.hex(16).toUpperCase();
}

export interface UspHeader {
  readonly path: string;
  readonly requestId: string;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly contentType?: string;
}

/** A text message, ready for the wire. */
export function textMessage(header: UspHeader, body: string): string {
  return headerText(header) + CRLF + body;
}

/** A binary message, ready for the wire. `bytes` is copied. */
export function binaryMessage(header: UspHeader, bytes: Uint8Array): Buffer {
  const text = headerText(header);
  const message = Buffer.allocUnsafe(LENGTH_BYTES + text.length + bytes.length);
  message.writeUInt16BE(text.length, 0);
  message.write(text, LENGTH_BYTES, 'latin1');
  message.set(bytes, LENGTH_BYTES + text.length);
  return message;
}

/** Reads a text message; `undefined` if it is none. */
export function readTextMessage(message: string): UspMessage | undefined {
  const end = message.indexOf(CRLF + CRLF);
  if (end > MAX_HEADER_BYTES) return undefined;
  // A message without a body may do without the blank line.
  const header = end < 0 ? message : message.slice(0, end);
  if (header.length > MAX_HEADER_BYTES) return undefined;
  return withBody(header, { type: 'text', text: end < 0 ? '' : message.slice(end + 2 * CRLF.length) });
}

/** Reads a binary message; `undefined` if it is none. The body shares the memory of `message`. */
export function readBinaryMessage(message: Buffer): UspMessage | undefined {
  if (message.length < LENGTH_BYTES) return undefined;
  const length = message.readUInt16BE(0);
  const end = LENGTH_BYTES + length;
  if (length > MAX_HEADER_BYTES || end > message.length) return undefined;
  const header = message.toString('latin1', LENGTH_BYTES, end);
  return withBody(header, { type: 'binary', bytes: message.subarray(end) });
}

function headerText({ path, requestId, timestamp, contentType }: UspHeader): string {
  const lines = `Path: ${path}${CRLF}X-RequestId: ${requestId}${CRLF}X-Timestamp: ${timestamp}${CRLF}`;
  return contentType === undefined ? lines : `${lines}Content-Type: ${contentType}${CRLF}`;
}

function withBody(header: string, body: UspBody): UspMessage | undefined {
  let path = '';
  let requestId = '';
  let streamId = '';
  const lines = header.split(CRLF, MAX_HEADER_LINES);
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).trim();
    switch (line.slice(0, colon).trim().toLowerCase()) {
      case 'path':
        path = value.toLowerCase();
        break;
      case 'x-requestid':
        requestId = value.toUpperCase();
        break;
      case 'x-streamid':
        streamId = value;
    }
  }
  return path === '' ? undefined : { path, requestId, streamId, body };
}
