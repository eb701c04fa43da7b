import { expect, test } from 'vitest';
import { phoneTarget } from '../../src/phone/phone-target.js';

test.each([
  ['sip:2000@127.0.0.1', '0.0.0.0', 'udp'],
  ['SIP:2000@127.0.0.1:5080', '0.0.0.0', 'udp'],
  ['sip:2000@127.0.0.1;transport=TCP', '0.0.0.0', 'tcp'],
  ['sip:2000@[::1]:5060;transport=udp', '::', 'udp'],
  ['sip:pbx.example.com', '0.0.0.0', 'udp'],
  ['sip:2000@x;transport=tls', '0.0.0.0', 'tls'],
  ['sip:2000@x;transport=ws', '0.0.0.0', 'ws'],
  ['sips:2000@127.0.0.1', '0.0.0.0', 'tls'],
  ['sips:2000@[::1];transport=ws', '::', 'wss'],
])('%s is called from %s over %s', (uri, bind, protocol) => {
  expect(phoneTarget(uri)).toEqual({ uri, bind, protocol });
});

test.each([
  '',
  '2000',
  'sip:',
  'sip:2000@',
  'sips:2000@127.0.0.1;transport=udp',
  'tel:2000',
  'sip:2000@x;transport=sctp',
  'sip:a b@c',
])('%j cannot be called', (uri) => {
  expect(phoneTarget(uri)).toBeUndefined();
});
