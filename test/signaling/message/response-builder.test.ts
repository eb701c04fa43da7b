import { expect, test } from 'vitest';
import { createResponse } from '../../../src/signaling/message/response-builder.js';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import { parseMessage } from '../../../src/signaling/message/sip-parser.js';
import { serializeMessage } from '../../../src/signaling/message/sip-serializer.js';
import { invite, mustParse } from './samples.js';

const request = mustParse(
  invite({}, ['Via: SIP/2.0/TCP proxy', 'Record-Route: <sip:p1;lr>', 'Record-Route: <sip:p2;lr>', 'Timestamp: 54']),
) as SipRequest;
const to = '<sip:2000@connector.example.com>';

test('a 200 to an INVITE copies what RFC 3261 asks, in order, and adds our tag', () => {
  const response = createResponse(request, 200, {
    toTag: 'ours',
    headers: new Map([['Contact', '<sip:c>']]),
    body: 'v=0\r\n',
    contentType: 'application/sdp',
  });
  expect(response).toMatchObject({ kind: 'response', status: 200, phrase: 'OK' });
  expect([...response.headers]).toEqual([
    ['Via', 'SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK776asdhds;rport'],
    ['Via', 'SIP/2.0/TCP proxy'],
    ['Record-Route', '<sip:p1;lr>'],
    ['Record-Route', '<sip:p2;lr>'],
    ['From', '"Alice" <sip:alice@atlanta.example.com>;tag=1928301774'],
    ['To', `${to};tag=ours`],
    ['Call-ID', 'a84b4c76e66710@pc33.atlanta.example.com'],
    ['CSeq', '314159 INVITE'],
    ['Contact', '<sip:c>'],
    ['Content-Type', 'application/sdp'],
  ]);
  expect(response.body.toString()).toBe('v=0\r\n');
});

test('a 100 has the Timestamp, no tag of ours and no Record-Route', () => {
  const { headers, phrase } = createResponse(request, 100, { toTag: 'ours' });
  expect(phrase).toBe('Trying');
  expect(headers.get('Timestamp')).toBe('54');
  expect(headers.get('To')).toBe(to);
  expect(headers.has('Record-Route')).toBe(false);
});

test('Record-Route goes into 101 to 299 of methods that make a dialog', () => {
  const has = (method: string, status: number): boolean =>
    createResponse({ ...request, method }, status).headers.has('Record-Route');
  expect([has('INVITE', 180), has('INVITE', 299), has('INVITE', 300), has('OPTIONS', 200)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test('a To with a tag keeps it, and one that cannot be read is sent back untouched', () => {
  const answer = (value: string): string | undefined => {
    const parsed = parseMessage(invite({ To: `To: ${value}` }), 'udp');
    if (parsed.type === 'discard') throw new Error(parsed.reason);
    const asked = (parsed.type === 'malformed' ? parsed.request : parsed.message) as SipRequest;
    return createResponse(asked, 400, { toTag: 'ours' }).headers.get('To');
  };
  expect(answer('<sip:a@b>;tag=theirs')).toBe('<sip:a@b>;tag=theirs');
  expect(answer('sip:a@b')).toBe('sip:a@b;tag=ours');
  expect(answer('"open <sip:a@b>')).toBe('"open <sip:a@b>');
});

test('nothing tells what software answers', () => {
  const text = serializeMessage(createResponse(request, 404)).toString();
  expect(text).not.toMatch(/^(server|user-agent)/im);
});
