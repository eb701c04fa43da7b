import type { SipMessage } from '../../../src/signaling/message/sip-message.js';
import { parseMessage } from '../../../src/signaling/message/sip-parser.js';

/** The header fields every sample starts from, in order. */
export const soundFields: readonly string[] = [
  'Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK776asdhds;rport',
  'Max-Forwards: 70',
  'From: "Alice" <sip:alice@atlanta.example.com>;tag=1928301774',
  'To: <sip:2000@connector.example.com>',
  'Call-ID: a84b4c76e66710@pc33.atlanta.example.com',
  'CSeq: 314159 INVITE',
  'Contact: <sip:alice@192.0.2.4:5060>',
];

/** A message from its parts, CRLF between lines, the empty line included. Header text as UTF-8. */
export function wire(startLine: string, fields: readonly string[], body = ''): Buffer {
  return Buffer.from(`${[startLine, ...fields, '', ''].join('\r\n')}${body}`, 'utf8');
}

/** An INVITE with {@link soundFields}; `changes` replace the field of that name, or drop it when `undefined`. */
export function invite(
  changes: Readonly<Record<string, string | undefined>> = {},
  extra: readonly string[] = [],
): Buffer {
  const fields = soundFields
    .map((field) => {
      const name = field.slice(0, field.indexOf(':'));
      return name in changes ? changes[name] : field;
    })
    .filter((field): field is string => field !== undefined);
  return wire('INVITE sip:2000@connector.example.com SIP/2.0', [...fields, ...extra, 'Content-Length: 0']);
}

/** The message in `bytes`; fails the test when the parser refuses it. */
export function mustParse(bytes: Buffer, transport: 'udp' | 'tcp' = 'udp'): SipMessage {
  const parsed = parseMessage(bytes, transport);
  if (parsed.type !== 'message') throw new Error(`refused: ${parsed.reason}`);
  return parsed.message;
}

/** `message`, `discard`, or the status a malformed request is answered with. */
export function verdict(bytes: Buffer, transport: 'udp' | 'tcp' = 'udp'): string {
  const parsed = parseMessage(bytes, transport);
  return parsed.type === 'malformed' ? String(parsed.status) : parsed.type;
}
