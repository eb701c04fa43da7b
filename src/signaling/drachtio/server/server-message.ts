import type { ParsedMessage } from '../../message/sip-message.js';
import { parseMessage } from '../../message/sip-parser.js';

/** What drachtio-srf, which reads everything as UTF-8, makes of a byte that is none: one character, of three bytes. */
const REPLACEMENT = '\ufffd';

/**
 * Reads a message as the server handed it over. Where drachtio-srf has changed bytes in it, Content-Length is no longer true, and
 * would cut off the end of the session: the message ends with its frame.
 */
export function readServerMessage(raw: string): ParsedMessage {
  return parseMessage(Buffer.from(raw.includes(REPLACEMENT) ? withoutLength(raw) : raw, 'utf8'), 'udp');
}

function withoutLength(raw: string): string {
  const headEnd = raw.indexOf('\r\n\r\n');
  const head = headEnd < 0 ? raw : raw.slice(0, headEnd);
  return head.replace(/\r\n(?:content-length|l)[ \t]*:[^\r\n]*/gi, '') + raw.slice(head.length);
}
