import { expect, test } from 'vitest';
import { SipHeaders } from '../../../src/signaling/message/sip-headers.js';
import { parseVia, serializeVia, stampVia, topVia } from '../../../src/signaling/message/via.js';

test.each([
  ['SIP/2.0/UDP host', { transport: 'UDP', host: 'host', port: undefined, branch: undefined, rport: undefined }],
  [
    'SIP/2.0/TCP 192.0.2.1:5070;branch=z9hG4bK1',
    { transport: 'TCP', host: '192.0.2.1', port: 5070, branch: 'z9hG4bK1' },
  ],
  ['sip / 2.0 / UDP  host : 5070 ; branch = x', { transport: 'UDP', host: 'host', port: 5070, branch: 'x' }],
  ['SIP/2.0/UDP host: 5070', { host: 'host', port: 5070 }],
  ['SIP/2.0/UDP [::1]:5070', { host: '::1', port: 5070 }],
  ['SIP/2.0/UDP host;rport', { rport: 'requested' }],
  ['SIP/2.0/UDP host;rport=40000;received=192.0.2.9', { rport: 40_000, received: '192.0.2.9' }],
  ['SIP/2.0/UDP host;received=[2001:db8::1]', { received: '2001:db8::1' }],
  ['SIP/2.0/UNKNOWN host', { transport: 'UNKNOWN' }],
])('%s is read', (text, expected) => {
  expect(parseVia(text)).toMatchObject(expected);
});

test.each([
  '',
  'SIP/2.0/UDP',
  'SIP/2.0/UDPhost',
  'SIP/2.0 UDP host',
  'SIP/7.0/UDP host',
  'HTTP/2.0/UDP host',
  'SIP/2.0/UDP host:0',
  'SIP/2.0/UDP host:99999',
  'SIP/2.0/UDP host:',
  'SIP/2.0/UDP host port',
  'SIP/2.0/UDP host;;branch=x',
  'SIP/2.0/UDP host;branch=x;branch=y',
  'SIP/2.0/UDP host;rport=0',
  'SIP/2.0/UDP host;rport=99999',
  'SIP/2.0/UDP host;branch=x, SIP/2.0/UDP other',
  'SIP/2.0/UDP ho\u00f6st',
])('%j is refused', (text) => {
  expect(parseVia(text)).toBeUndefined();
});

test('the topmost Via is the first of the first field', () => {
  const headers = new SipHeaders()
    .append('Via', 'SIP/2.0/UDP a;branch=1 , SIP/2.0/UDP b')
    .append('Via', 'SIP/2.0/UDP c');
  expect(topVia(headers)?.host).toBe('a');
  expect(topVia(new SipHeaders())).toBeUndefined();
});

const stamped = (via: string, address = '198.51.100.7', port = 40_000): string | undefined => {
  const headers = new SipHeaders().append('Via', via).append('Via', 'SIP/2.0/UDP proxy');
  stampVia(headers, { address, port });
  expect(headers.getAll('Via')).toHaveLength(2);
  return headers.get('Via');
};

test('the source is noted in the topmost Via as RFC 3261 and RFC 3581 ask', () => {
  expect(stamped('SIP/2.0/UDP 192.0.2.1:5060;branch=x')).toBe(
    'SIP/2.0/UDP 192.0.2.1:5060;branch=x;received=198.51.100.7',
  );
  expect(stamped('SIP/2.0/UDP host;rport;branch=x')).toBe(
    'SIP/2.0/UDP host;rport=40000;branch=x;received=198.51.100.7',
  );
  expect(stamped('SIP/2.0/UDP 198.51.100.7;branch=x')).toBe('SIP/2.0/UDP 198.51.100.7;branch=x');
  expect(stamped('SIP/2.0/UDP 198.51.100.7;rport')).toBe('SIP/2.0/UDP 198.51.100.7;rport=40000;received=198.51.100.7');
  expect(stamped('SIP/2.0/UDP a;branch=1,SIP/2.0/UDP b')).toBe(
    'SIP/2.0/UDP a;branch=1;received=198.51.100.7, SIP/2.0/UDP b',
  );
});

test('a received or rport that the sender made up is not kept', () => {
  expect(stamped('SIP/2.0/UDP 198.51.100.7;received=203.0.113.66;rport=1')).toBe(
    'SIP/2.0/UDP 198.51.100.7;rport=40000;received=198.51.100.7',
  );
});

test('a zone, which means nothing to the peer, is left out', () => {
  expect(stamped('SIP/2.0/UDP host;branch=x', 'fe80::1%eth0')).toBe('SIP/2.0/UDP host;branch=x;received=fe80::1');
});

test('a Via that cannot be read is left alone', () => {
  expect(stamped('nonsense')).toBe('nonsense');
});

test('a Via is written with brackets round IPv6', () => {
  expect(
    serializeVia({
      transport: 'UDP',
      host: '::1',
      port: 5060,
      params: new Map([
        ['branch', 'x'],
        ['rport', ''],
      ]),
    }),
  ).toBe('SIP/2.0/UDP [::1]:5060;branch=x;rport');
});
