import { describe, expect, test } from 'vitest';
import { decodedUser, parseSipUri, serializeSipUri, uriScheme } from '../../../src/signaling/message/sip-uri.js';

const params = (entries: Record<string, string> = {}): ReadonlyMap<string, string> => new Map(Object.entries(entries));

test.each([
  ['sip:host', { user: undefined, password: undefined, host: 'host', port: undefined }],
  ['SIP:user@host:5070', { scheme: 'sip', user: 'user', host: 'host', port: 5070 }],
  ['sips:user:pa$$@host', { scheme: 'sips', user: 'user', password: 'pa$$', host: 'host' }],
  ['sip:user@[2001:db8::1]:5070', { host: '2001:db8::1', port: 5070 }],
  ['sip:user@voice_1.internal', { host: 'voice_1.internal' }],
  ['sip:@host', { user: '', host: 'host' }],
  ['sip:*21*2000#@host', { user: '*21*2000#', host: 'host' }],
  [
    'sip:u;a=b?c/d,e@host;lr;MADDR=1.2.3.4?X=y',
    { user: 'u;a=b?c/d,e', params: params({ lr: '', maddr: '1.2.3.4' }), headers: 'X=y' },
  ],
  [
    'tel:+1-201-555-0123;phone-context=x',
    { scheme: 'tel', user: '+1-201-555-0123', host: '', params: params({ 'phone-context': 'x' }) },
  ],
  ['soap.beep://192.0.2.103:3002', { scheme: 'soap.beep', opaque: '//192.0.2.103:3002', user: undefined }],
])('%s is read', (text, expected) => {
  expect(parseSipUri(text)).toMatchObject(expected);
});

test.each([
  '',
  'host',
  'sip:',
  'sip:@',
  'sip:user@',
  'sip:user@host:',
  'sip:user@host:0',
  'sip:user@host:65536',
  'sip:user@host:5060x',
  'sip:user@host;',
  'sip:user@host;;lr',
  'sip:user@host;=x',
  'sip:user@host;a=',
  'sip:user@host;a=1;a=2',
  'sip:2001:db8::1',
  'sip:[2001:db8::1',
  'sip:[2001:db8:::192.0.2.1]',
  'sip:[fe80::1%eth0]',
  'sip:[host]',
  'sip:a@b@c',
  'sip:user@ho st',
  'sip:us er@host',
  'sip:user@host\r\nVia: x',
  'sip:user@host\0',
  'sip:<user>@host',
  'sip:"user"@host',
  'tel:',
  '1sip:user@host',
  `sip:${'x'.repeat(256)}`,
])('%j is refused', (text) => {
  expect(parseSipUri(text)).toBeUndefined();
});

test.each([
  'sip:host',
  'sips:user:secret@host:5061;transport=tcp;lr?Subject=x&Priority=y',
  'sip:@[::1]:5060',
  'tel:+123;ext=4',
  'urn:service:sos',
])('%s survives the round trip', (text) => {
  const uri = parseSipUri(text);
  expect(uri).toBeDefined();
  expect(uri && serializeSipUri(uri)).toBe(text);
});

describe('decodedUser', () => {
  test.each([
    ['sip:2000@host', '2000'],
    ['sip:host', ''],
    ['sip:+4420%37946@host', '+44207946'],
    ['sip:2000;phone-context=%2B44@host', '2000'],
    ['sip:a%3Bb@host', 'a;b'],
    ['sip:%00@host', '\0'],
    ['sip:%zz%4@host', '%zz%4'],
    ['sip:%@host', '%'],
    ['sip:%D1%8F@host', '\u044f'],
    ['sip:%ff@host', '\ufffd'],
    ['sip:%2541@host', '%41'],
    ['tel:+1-201;ext=5', '+1-201'],
  ])('%s: %j', (text, expected) => {
    const uri = parseSipUri(text);
    expect(uri && decodedUser(uri)).toBe(expected);
  });
});

test('a scheme is read even where the rest cannot be', () => {
  expect(['SIPS:', 'tel:1', ':x', 'no scheme:x', 'x'].map(uriScheme)).toEqual([
    'sips',
    'tel',
    undefined,
    undefined,
    undefined,
  ]);
});
