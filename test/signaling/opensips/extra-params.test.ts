import { expect, it } from 'vitest';
import { readExtraParams } from '../../../src/signaling/opensips/extra-params.js';

it.each([
  ['udp:192.0.2.1:5060', { protocol: 'udp', address: '192.0.2.1', port: 5060 }],
  ['WSS:[2001:db8::1]:65535', { protocol: 'wss', address: '2001:db8::1', port: 65_535 }],
  ['dtls:192.0.2.1:5060', undefined],
  ['ssl:192.0.2.1:5060', undefined],
  ['udp:example.com:5060', undefined],
  ['udp:192.0.2.1:65536', undefined],
  ['udp:192.0.2.1', undefined],
])('where the INVITE came from: %s', (source, expected) => {
  expect(readExtraParams(JSON.stringify({ source })).source).toEqual(expected);
});

it('what the script says is left alone where it is something else, or endless', () => {
  const nothing = { requestUri: undefined, source: undefined };
  for (const text of ['', 'sip:2000@x', '[]', '{"requestUri":7,"source":{}}'])
    expect(readExtraParams(text)).toEqual(nothing);
  expect(readExtraParams(JSON.stringify({ requestUri: `sip:${'x'.repeat(1_024)}` }))).toEqual(nothing);
  expect(readExtraParams('{"requestUri":"sip:2000@x"}')).toEqual({ ...nothing, requestUri: 'sip:2000@x' });
});
