import { describe, expect, test } from 'vitest';
import { parseAuthHeader, quoteAuthValue } from '../../../src/signaling/digest/auth-header.js';
import { type DigestInput, digestResponse, parseAlgorithm } from '../../../src/signaling/digest/digest.js';

/** RFC 7616 section 3.9.1. */
const mufasa = {
  user: 'Mufasa',
  realm: 'http-auth@example.org',
  password: 'Circle of Life',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  method: 'GET',
  uri: '/dir/index.html',
  qop: { type: 'auth', nc: '00000001', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' },
} as const satisfies Omit<DigestInput, 'algorithm'>;

describe('responses', () => {
  test.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ] as const)('%s, as RFC 7616 section 3.9.1 has it', (hash, response) => {
    expect(digestResponse({ ...mufasa, algorithm: { hash, session: false } })).toBe(response);
  });

  test('MD5 with qop, as RFC 2617 section 3.5 has it', () => {
    expect(
      digestResponse({
        algorithm: { hash: 'MD5', session: false },
        user: 'Mufasa',
        realm: 'testrealm@host.com',
        password: 'Circle Of Life',
        nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
        method: 'GET',
        uri: '/dir/index.html',
        qop: { type: 'auth', nc: '00000001', cnonce: '0a4f113b' },
      }),
    ).toBe('6629fae49393a05397450978507c4ef1');
  });

  test('without qop, the way of RFC 2069 as corrected', () => {
    const { qop: _, ...legacy } = { ...mufasa, nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093' };
    const input = { ...legacy, realm: 'testrealm@host.com', password: 'CircleOfLife' };
    expect(digestResponse({ ...input, algorithm: { hash: 'MD5', session: false } })).toBe(
      '1949323746fe6a43ef61f9606e7febea',
    );
  });

  test('a -sess algorithm mixes both nonces into the key, auth-int the body into the rest', () => {
    const plain = { ...mufasa, algorithm: { hash: 'SHA-256', session: false } } as const;
    const session = digestResponse({ ...plain, algorithm: { hash: 'SHA-256', session: true } });
    const whole = { ...plain, qop: { ...mufasa.qop, type: 'auth-int' } } as const;
    const bodies = ['', 'v=0', 'v=1'].map((body) => digestResponse({ ...whole, body: Buffer.from(body) }));
    expect(new Set([digestResponse(plain), session, ...bodies]).size).toBe(5);
  });

  test('algorithms by name, whatever the case; absent is MD5', () => {
    expect([undefined, 'md5', 'SHA-256', 'sha-256-SESS', 'MD5-sess'].map(parseAlgorithm)).toEqual([
      { hash: 'MD5', session: false },
      { hash: 'MD5', session: false },
      { hash: 'SHA-256', session: false },
      { hash: 'SHA-256', session: true },
      { hash: 'MD5', session: true },
    ]);
    expect(['SHA-1', '', 'constructor', '__proto__', 'AKAv1-MD5'].map(parseAlgorithm)).toEqual(
      Array.from({ length: 5 }),
    );
  });
});

describe('header fields', () => {
  test('parameters in any order, blanks and quotes as the grammar allows', () => {
    const header = parseAuthHeader('  DIGEST realm = "a \\"b\\", c",nc=00000001 , QOP="auth,auth-int",\topaque=""');
    expect(header?.scheme).toBe('digest');
    expect(Object.fromEntries(header?.params ?? [])).toEqual({
      realm: 'a "b", c',
      nc: '00000001',
      qop: 'auth,auth-int',
      opaque: '',
    });
  });

  test.each([
    ['nothing', ''],
    ['a scheme alone', 'Digest'],
    ['a parameter without value', 'Digest realm'],
    ['an empty value', 'Digest realm='],
    ['a quote that never ends', 'Digest realm="a, nonce=b'],
    ['a quote that ends in a backslash', 'Digest realm="a\\'],
    ['a parameter given twice', 'Digest realm="a", Realm="b"'],
    ['no comma between parameters', 'Digest realm="a" nonce="b"'],
    ['two challenges in one value', 'Digest realm="a", Digest realm="b"'],
    ['absurd length', `Digest realm="${'x'.repeat(5000)}"`],
  ])('%s: not read', (_, value) => {
    expect(parseAuthHeader(value)).toBeUndefined();
  });

  test('20 KB of quotes, commas and blanks take no time', () => {
    for (const character of ['"', ',', ' ', '=', '\\']) {
      expect(parseAuthHeader(`Digest ${character.repeat(20_000)}`)).toBeUndefined();
    }
  });

  test('what is written can be read again, and no line end gets through', () => {
    const value = 'a "quoted" \\ one';
    expect(parseAuthHeader(`Digest realm=${quoteAuthValue(value)}`)?.params.get('realm')).toBe(value);
    expect(quoteAuthValue('a\r\nVia: evil')).toBe('"a Via: evil"');
  });
});
