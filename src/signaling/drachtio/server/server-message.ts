import type { ParsedMessage } from '../../message/sip-message.js';
import { parseMessage } from '../../message/sip-parser.js';

/** What drachtio-srf, which reads everything as UTF-8, makes of a byte that is none: one character, of three bytes. */
const REPLACEMENT = '\ufffd';

/** What ends a line for the server as well (RFC 3261 section 7 knows CRLF alone). */
const BARE_CR = /\r(?!\n)/g;
/** A line that goes on; to the server also between a field's name and its colon. */
const FOLD = /\r?\n[ \t]+/g;

/**
 * Reads a message as the server handed it over, and has read it: what is a field to it, a Contact above all, is one here. Where
 * drachtio-srf has changed bytes in it, Content-Length is no longer true, and would cut off the end of the session: the message
 * ends with its frame.
 */
export function readServerMessage(raw: string): ParsedMessage {
  const headEnd = raw.indexOf('\r\n\r\n');
  const head = headEnd < 0 ? raw : raw.slice(0, headEnd);
  const lines = head.replace(BARE_CR, '\r\n').replace(FOLD, ' ');
  const read = raw.includes(REPLACEMENT) ? withoutLength(lines) : lines;
  return parseMessage(Buffer.from(read + raw.slice(head.length), 'utf8'), 'udp');
}

function withoutLength(head: string): string {
  return head.replace(/\r\n(?:content-length|l)[ \t]*:[^\r\n]*/gi, '');
}
