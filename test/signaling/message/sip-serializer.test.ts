import { expect, test } from 'vitest';
import { SipHeaders } from '../../../src/signaling/message/sip-headers.js';
import { serializeMessage } from '../../../src/signaling/message/sip-serializer.js';

const request = {
  kind: 'request',
  method: 'BYE',
  uri: 'sip:a@b',
  headers: new SipHeaders(),
  body: Buffer.alloc(0),
} as const;
const response = {
  kind: 'response',
  status: 200,
  phrase: 'OK',
  headers: new SipHeaders(),
  body: Buffer.alloc(0),
} as const;

test('Content-Length counts bytes, whatever the header fields say', () => {
  const headers = new SipHeaders().append('content-length', '99').append('Subject', '\u00fc');
  const bytes = serializeMessage({ ...request, headers, body: Buffer.from('\u00fc\u20ac') });
  expect(bytes.toString()).toBe('BYE sip:a@b SIP/2.0\r\nSubject: \u00fc\r\nContent-Length: 5\r\n\r\n\u00fc\u20ac');
  expect(serializeMessage(response).toString()).toBe('SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n');
});

test('nothing can be smuggled into the head', () => {
  const refused = [
    { ...request, headers: new SipHeaders().append('X', 'a\r\nVia: b') },
    { ...request, headers: new SipHeaders().append('X', 'a\nb') },
    { ...request, headers: new SipHeaders().append('X', 'a\rb') },
    { ...request, headers: new SipHeaders().append('X: a\r\nY', 'b') },
    { ...request, headers: new SipHeaders().append('', 'b') },
    { ...request, method: 'BYE sip:x SIP/2.0\r\nX:' },
    { ...request, method: '' },
    { ...request, uri: 'sip:a@b SIP/2.0\r\nX: y' },
    { ...request, uri: '' },
    { ...response, phrase: 'OK\r\nX: y' },
    { ...response, status: 99 },
    { ...response, status: 700 },
    { ...response, status: 200.5 },
  ];
  for (const message of refused) {
    expect(() => serializeMessage(message)).toThrow(expect.objectContaining({ code: 'ERR_SIP_MESSAGE' }));
  }
});
