import { describe, expect, test } from 'vitest';
import { parseAuthHeader } from '../../../src/signaling/digest/auth-header.js';
import { digestResponse } from '../../../src/signaling/digest/digest.js';
import { DigestClient } from '../../../src/signaling/digest/digest-client.js';
import { SipHeaders } from '../../../src/signaling/message/sip-headers.js';
import { SeededRandom } from '../../support/seeded-random.js';

const invite = { method: 'INVITE', uri: 'sip:bob@example.com', body: Buffer.from('v=0') };

function createClient() {
  return new DigestClient({ user: 'alice', password: 'secret' }, new SeededRandom(1));
}

function challenge(params: Record<string, string> = {}): string {
  const { realm = 'example.com', nonce = 'n1', algorithm = 'MD5', ...rest } = params;
  const others = Object.entries(rest).map(([name, value]) => `, ${name}=${value}`);
  return `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${others.join('')}`;
}

function sent(client: DigestClient, request = invite) {
  return client.authorize(request).map(([name, value]) => ({
    name,
    params: parseAuthHeader(value)?.params ?? new Map<string, string>(),
  }));
}

test('a next nonce is nobody’s where two have asked, and a refusal names none', () => {
  const client = createClient();
  const named = (status: number, nonce: string) =>
    client.renew({
      ...{ kind: 'response', status, phrase: '', body: Buffer.alloc(0) },
      headers: new SipHeaders().append('Authentication-Info', `nextnonce="${nonce}"`),
    });
  named(200, 'n0');
  client.begin().challenged({ server: [challenge()], proxy: [] });
  named(486, 'n2');
  named(200, 'n3');
  expect(sent(client).map(({ params }) => [params.get('nonce'), params.get('nc')])).toEqual([['n3', '00000001']]);
  client.begin().challenged({ server: [challenge({ realm: 'other' })], proxy: [] });
  named(200, 'n4');
  expect(sent(client).map(({ params }) => params.get('nonce'))).toEqual(['n3', 'n1']);
});

test('a next nonce that is in use already is counted on: its server would take it for a replay', () => {
  const client = createClient();
  client.begin().challenged({ server: [challenge()], proxy: [] });
  const counts: unknown[] = [];
  for (let request = 0; request < 3; request += 1) {
    counts.push(sent(client)[0]?.params.get('nc'));
    client.renew({
      ...{ kind: 'response', status: 200, phrase: '', body: Buffer.alloc(0) },
      headers: new SipHeaders().append('Authentication-Info', 'nextnonce="n1"'),
    });
  }
  expect(counts).toEqual(['00000001', '00000002', '00000003']);
});

describe('answering', () => {
  test('nothing is sent before a challenge', () => {
    expect(createClient().authorize(invite)).toEqual([]);
  });

  test('401 is answered in Authorization, 407 in Proxy-Authorization, each for its own realm', () => {
    const client = createClient();
    const exchange = client.begin();
    expect(exchange.challenged({ server: [], proxy: [challenge({ realm: 'proxy' })] })).toBe(true);
    expect(exchange.challenged({ server: [challenge({ realm: 'far end' })], proxy: [] })).toBe(true);
    expect(sent(client).map(({ name, params }) => [name, params.get('realm')])).toEqual([
      ['Proxy-Authorization', 'proxy'],
      ['Authorization', 'far end'],
    ]);
  });

  test('the answer is right, and says what it is made of', () => {
    const client = createClient();
    client.begin().challenged({ server: [challenge({ algorithm: 'SHA-256', opaque: '"o\\"p"' })], proxy: [] });
    const [{ params } = { params: new Map<string, string>() }] = sent(client);
    const { response, cnonce = '', ...rest } = Object.fromEntries(params);
    expect(rest).toEqual({
      username: 'alice',
      realm: 'example.com',
      nonce: 'n1',
      uri: 'sip:bob@example.com',
      algorithm: 'SHA-256',
      opaque: 'o"p',
      qop: 'auth',
      nc: '00000001',
    });
    const input = { user: 'alice', password: 'secret', realm: 'example.com', nonce: 'n1', ...invite };
    const qop = { type: 'auth', nc: '00000001', cnonce } as const;
    expect(response).toBe(digestResponse({ ...input, algorithm: { hash: 'SHA-256', session: false }, qop }));
  });

  test('every further request counts up', () => {
    const client = createClient();
    client.begin().challenged({ server: [challenge()], proxy: [] });
    const counts = [1, 2, 3].map(() => sent(client)[0]?.params.get('nc'));
    expect(counts).toEqual(['00000001', '00000002', '00000003']);
  });

  test('a server without qop is answered without nc and cnonce', () => {
    const client = createClient();
    client.begin().challenged({ server: ['Digest realm="r", nonce="n"'], proxy: [] });
    expect([...(sent(client)[0]?.params.keys() ?? [])]).toEqual(['username', 'realm', 'nonce', 'uri', 'response']);
  });

  test('of several challenges of a realm the strongest is answered, of several realms each', () => {
    const client = createClient();
    const server = [
      challenge({ nonce: 'md5' }),
      challenge({ algorithm: 'AKAv1-MD5' }),
      challenge({ algorithm: 'SHA-256', nonce: 'sha' }),
      challenge({ algorithm: 'SHA-512-256', nonce: 'later' }),
      challenge({ realm: 'other' }),
    ];
    expect(client.begin().challenged({ server, proxy: [] })).toBe(true);
    expect(sent(client).map(({ params }) => [params.get('realm'), params.get('nonce')])).toEqual([
      ['example.com', 'sha'],
      ['other', 'n1'],
    ]);
  });

  test.each([
    ['another scheme', 'Basic realm="r"'],
    ['an unknown algorithm', challenge({ algorithm: 'SHA3-256' })],
    ['an unknown qop', 'Digest realm="r", nonce="n", qop="auth-conf"'],
    ['no nonce', 'Digest realm="r"'],
    ['nonsense', '"'],
  ])('%s: nothing to answer', (_, value) => {
    const client = createClient();
    expect(client.begin().challenged({ server: [value], proxy: [] })).toBe(false);
    expect(client.authorize(invite)).toEqual([]);
  });
});

describe('when to stop', () => {
  test('a wrong password ends after one answer, and is not tried again', () => {
    const client = createClient();
    const exchange = client.begin();
    expect(exchange.challenged({ server: [challenge({ nonce: 'a' })], proxy: [] })).toBe(true);
    expect(exchange.challenged({ server: [challenge({ nonce: 'b' })], proxy: [] })).toBe(false);
    expect(client.authorize(invite)).toEqual([]);
  });

  test('a stale nonce is replaced and counted anew; the same one again is no news', () => {
    const client = createClient();
    const exchange = client.begin();
    exchange.challenged({ server: [challenge({ nonce: 'a' })], proxy: [] });
    sent(client);
    expect(exchange.challenged({ server: [challenge({ nonce: 'b', stale: 'TRUE' })], proxy: [] })).toBe(true);
    expect(sent(client)[0]?.params.get('nonce')).toBe('b');
    expect(exchange.challenged({ server: [challenge({ nonce: 'b', stale: 'true' })], proxy: [] })).toBe(false);
  });

  test('credentials of an earlier request may be refused once, whether stale or not', () => {
    const client = createClient();
    client.begin().challenged({ server: [challenge({ nonce: 'a' })], proxy: [] });
    const later = client.begin();
    expect(later.challenged({ server: [challenge({ nonce: 'b' })], proxy: [] })).toBe(true);
    expect(sent(client)[0]?.params.get('nonce')).toBe('b');
    expect(later.challenged({ server: [challenge({ nonce: 'c' })], proxy: [] })).toBe(false);
  });

  test('a peer that finds every nonce stale is not followed for ever', () => {
    const exchange = createClient().begin();
    const rounds = Array.from({ length: 10 }, (_, index) =>
      exchange.challenged({ server: [challenge({ nonce: `n${index}`, stale: 'true' })], proxy: [] }),
    );
    expect(rounds.lastIndexOf(true)).toBe(4);
  });

  test('a peer with a new realm a time fills no memory', () => {
    const client = createClient();
    for (let index = 0; index < 100; index += 1) {
      client.begin().challenged({ server: [challenge({ realm: `r${index}` })], proxy: [] });
    }
    expect(client.authorize(invite)).toHaveLength(8);
  });
});
