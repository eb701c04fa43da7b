import { expect, test } from 'vitest';
import { mediaAddress } from '../../../src/connector/network/media-address.js';

const bound = { bind: '0.0.0.0', advertise: undefined };

function offerOf(address: string, port = 4000): string {
  const family = address.includes(':') ? 6 : 4;
  return `v=0\r\no=- 1 1 IN IP${family} ${address}\r\ns=-\r\nc=IN IP${family} ${address}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`;
}

/** The address chosen for a peer; `reaching:X` stands for the local address that reaches X. */
function chosen(
  localAddress: string,
  offer: string | undefined,
  config: { bind: string; advertise?: string | undefined } = bound,
) {
  const peer = { localAddress, offer };
  return mediaAddress({ advertise: undefined, ...config }, peer, (remote) => `reaching:${remote}`);
}

test('what is advertised wins, then the address that is bound', () => {
  expect(chosen('127.0.0.1', offerOf('192.0.2.1'), { bind: '192.0.2.9', advertise: '198.51.100.1' })).toBe(
    '198.51.100.1',
  );
  expect(chosen('127.0.0.1', offerOf('192.0.2.1'), { bind: '192.0.2.9' })).toBe('192.0.2.9');
});

test('what is advertised is for its own address family, where both are bound', () => {
  const both = { bind: '::', advertise: '203.0.113.7' };
  expect(chosen('10.0.0.1', offerOf('192.0.2.1'), both)).toBe('203.0.113.7');
  expect(chosen('2001:db8::9', offerOf('192.0.2.1'), both)).toBe('203.0.113.7');
  expect(chosen('2001:db8::9', offerOf('2001:db8::1'), both)).toBe('2001:db8::9');
  expect(chosen('10.0.0.1', offerOf('2001:db8::1'), both)).toBe('reaching:2001:db8::1');
  expect(chosen('10.0.0.1', undefined, both)).toBe('203.0.113.7');
  expect(chosen('2001:db8::9', undefined, both)).toBe('2001:db8::9');
  expect(chosen('10.0.0.1', offerOf('192.0.2.1'), { bind: '::', advertise: '2001:db8::9' })).toBe('10.0.0.1');
});

test('the address that SIP runs over is the one that reaches the peer', () => {
  expect(chosen('10.0.0.1', offerOf('192.0.2.1'))).toBe('10.0.0.1');
  expect(chosen('127.0.0.1', offerOf('127.0.0.1'))).toBe('127.0.0.1');
  expect(chosen('::1', offerOf('::1'), { bind: '::' })).toBe('::1');
});

test('a softphone on this machine that names its network card is answered with the address that reaches that', () => {
  expect(chosen('127.0.0.1', offerOf('192.0.2.1'))).toBe('reaching:192.0.2.1');
  expect(chosen('::1', offerOf('2001:db8::1'))).toBe('reaching:2001:db8::1');
});

test('audio of the other address family than SIP is answered with the address that reaches it, where it is bound', () => {
  expect(chosen('2001:db8::9', offerOf('192.0.2.1'), { bind: '::' })).toBe('reaching:192.0.2.1');
  expect(chosen('10.0.0.1', offerOf('2001:db8::1'), { bind: '::' })).toBe('reaching:2001:db8::1');
  expect(chosen('::1', offerOf('127.0.0.1'), { bind: '::' })).toBe('reaching:127.0.0.1');
  expect(chosen('2001:db8::9', offerOf('192.0.2.1'))).toBe('reaching:192.0.2.1');
  expect(chosen('10.0.0.1', offerOf('2001:db8::1'))).toBe('10.0.0.1');
});

test('audio of a family by which no way leads out is answered with the address that SIP runs over, which is refused', () => {
  const peer = { localAddress: '10.0.0.1', offer: offerOf('2001:db8::1') };
  expect(mediaAddress({ bind: '::', advertise: undefined }, peer, () => '::1')).toBe('10.0.0.1');
});

test.each([
  ['no offer', undefined],
  ['a hold', offerOf('0.0.0.0')],
  ['an offer without audio', offerOf('192.0.2.1', 0)],
  ['an address family that is not bound', offerOf('2001:db8::1')],
  ['a name', offerOf('phone.example.com')],
  ['an offer that cannot be read', 'nonsense'],
])('%s leaves the address that SIP runs over', (_, offer) => {
  expect(chosen('127.0.0.1', offer)).toBe('127.0.0.1');
});
