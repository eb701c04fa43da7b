import { ConnectorError } from '../../base/connector-error.js';
import { isToken } from './lexical.js';
import type { SipMessage } from './sip-message.js';

/**
 * A message as it goes on the wire, UTF-8. Content-Length is always computed here, in bytes; one among the header
 * fields is ignored. Throws `ERR_SIP_MESSAGE` for anything that would not be read back as the same message: CR or LF
 * in a value, a name or method that is no token, blanks in the request-URI, a status outside 100 to 699.
 */
export function serializeMessage(message: SipMessage): Buffer {
  let head = startLine(message);
  for (const [name, value] of message.headers) {
    if (!isToken(name)) throw new ConnectorError('ERR_SIP_MESSAGE', 'a header name is not a token');
    if (hasLineEnd(value)) throw new ConnectorError('ERR_SIP_MESSAGE', `line end in the value of ${name}`);
    if (name.toLowerCase() !== 'content-length') head += `${name}: ${value}\r\n`;
  }
  head += `Content-Length: ${message.body.length}\r\n\r\n`;
  const headBytes = Buffer.byteLength(head, 'utf8');
  // Kept for half a minute, to be sent again: in the pool it would keep 8 kB.
  const bytes = Buffer.allocUnsafeSlow(headBytes + message.body.length);
  bytes.write(head, 0, 'utf8');
  bytes.set(message.body, headBytes);
  return bytes;
}

function startLine(message: SipMessage): string {
  if (message.kind === 'request') {
    if (!isToken(message.method)) throw new ConnectorError('ERR_SIP_MESSAGE', 'the method is not a token');
    if (!hasOnlyVisible(message.uri))
      throw new ConnectorError('ERR_SIP_MESSAGE', 'the request-URI is empty or has blanks');
    return `${message.method} ${message.uri} SIP/2.0\r\n`;
  }
  const { status, phrase } = message;
  if (!Number.isInteger(status) || status < 100 || status > 699) {
    throw new ConnectorError('ERR_SIP_MESSAGE', 'the status is not within 100 to 699');
  }
  if (hasLineEnd(phrase)) throw new ConnectorError('ERR_SIP_MESSAGE', 'line end in the reason phrase');
  return `SIP/2.0 ${status} ${phrase}\r\n`;
}

function hasLineEnd(text: string): boolean {
  return text.includes('\r') || text.includes('\n');
}

function hasOnlyVisible(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code === 0x7f) return false;
  }
  return text !== '';
}
