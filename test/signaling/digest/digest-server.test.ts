import { describe, expect, test } from 'vitest';
import { parseAuthHeader } from '../../../src/signaling/digest/auth-header.js';
import { digestResponse } from '../../../src/signaling/digest/digest.js';
import { DigestClient } from '../../../src/signaling/digest/digest-client.js';
import { DigestServer } from '../../../src/signaling/digest/digest-server.js';
import { NonceUses } from '../../../src/signaling/digest/nonce-uses.js';
import { FakeClock } from '../../support/fake-clock.js';
import { SeededRandom } from '../../support/seeded-random.js';

const invite = { method: 'INVITE', uri: 'sip:2000@192.0.2.1', body: Buffer.alloc(0) };

function scene(maxNonces = 100) {
  const clock = new FakeClock();
  const random = new SeededRandom(4);
  const options = { realm: 'pbx.example', users: { pbx: 'swordfish', empty: '' } };
  const limits = { nonceLifetimeMs: 300_000, maxNonces };
  const server = new DigestServer({ ...options, limits }, { clock, random });
  const clientOf = (user: string, password: string, challenges = server.challenges(false)) => {
    const client = new DigestClient({ user, password }, random);
    client.begin().challenged({ server: challenges, proxy: [] });
    return client;
  };
  const values = (client: DigestClient, request = invite) => client.authorize(request).map(([, value]) => value);
  const verdict = (client: DigestClient, request = invite) => server.check(request, values(client, request)).type;
  return { clock, server, clientOf, values, verdict };
}

describe('challenges', () => {
  test('SHA-256 before MD5, one nonce, qop, and stale only where it is', () => {
    const { server } = scene();
    const [sha, md5] = server.challenges(false).map((value) => parseAuthHeader(value)?.params);
    expect([sha?.get('algorithm'), md5?.get('algorithm')]).toEqual(['SHA-256', 'MD5']);
    expect(sha?.get('nonce')).toBe(md5?.get('nonce'));
    expect([sha?.get('realm'), sha?.get('qop'), sha?.has('stale')]).toEqual(['pbx.example', 'auth', false]);
    expect(server.challenges(true).every((value) => value.includes('stale=true'))).toBe(true);
  });
});

describe('verdicts', () => {
  test.each([
    ['SHA-256', 0],
    ['MD5', 1],
  ])('the right password by %s', (_, index) => {
    const { clientOf, server, values } = scene();
    const client = clientOf('pbx', 'swordfish', server.challenges(false).slice(index, index + 1));
    expect(server.check(invite, values(client))).toEqual({ type: 'ok', user: 'pbx' });
  });

  test.each([
    ['a wrong password', 'pbx', 'sword'],
    ['an unknown user', 'nobody', 'swordfish'],
    ['a name every object has', '__proto__', ''],
  ])('%s', (_, user, password) => {
    const { clientOf, verdict } = scene();
    expect(verdict(clientOf(user, password))).toBe('wrong');
  });

  test('no credentials, those of another realm, and those nobody can read are none', () => {
    const { clientOf, server } = scene();
    const other = clientOf('pbx', 'swordfish', ['Digest realm="elsewhere", nonce="n", qop="auth"']);
    const [value = ''] = other.authorize(invite).map(([, text]) => text);
    for (const authorization of [[], [value], ['Basic x'], ['Digest realm="pbx.example"'], ['Digest "']]) {
      expect(server.check(invite, authorization)).toEqual({ type: 'absent' });
    }
  });

  test('a nonce that is not ours is wrong, however it looks', () => {
    const { clientOf, verdict, server } = scene();
    const nonce = parseAuthHeader(server.challenges(false)[0] ?? '')?.params.get('nonce') ?? '';
    for (const forged of ['x', '', '..', `z${nonce}`, `${nonce}0`, scene().server.challenges(false)[0] ?? '']) {
      const challenge = `Digest realm="pbx.example", nonce="${forged.replace(/["\\]/g, '')}", qop="auth"`;
      expect(verdict(clientOf('pbx', 'swordfish', [challenge]))).toBe('wrong');
    }
  });

  test('credentials for another method or another number are wrong; a changed host is not', () => {
    const { clientOf, server, values } = scene();
    const client = clientOf('pbx', 'swordfish');
    expect(server.check({ ...invite, method: 'REGISTER' }, values(client)).type).toBe('wrong');
    expect(server.check({ ...invite, uri: 'sip:0900@192.0.2.1' }, values(client)).type).toBe('wrong');
    expect(server.check({ ...invite, uri: 'sip:2000@10.0.0.1;x=y' }, values(client)).type).toBe('ok');
  });

  test('those for a tel: URI cover its number alone', () => {
    const { clientOf, server, values } = scene();
    const client = clientOf('pbx', 'swordfish');
    const call = (uri: string) => ({ ...invite, uri });
    const answered = call('tel:+442071838750;phone-context=example.com');
    expect(server.check(call('tel:+900'), values(client, answered)).type).toBe('wrong');
    expect(server.check(call('tel:+442071838750'), values(client, answered)).type).toBe('ok');
    // As a proxy has it that knows where the number is.
    expect(server.check(call('sip:+442071838750@192.0.2.1;user=phone'), values(client, answered)).type).toBe('ok');
  });

  test('a nonce has its time: then it is stale, for those who know the password', () => {
    const { clock, clientOf, verdict } = scene();
    const [right, wrong] = [clientOf('pbx', 'swordfish'), clientOf('pbx', 'no')];
    clock.advance(300_000);
    expect(verdict(right)).toBe('ok');
    clock.advance(1);
    expect([verdict(right), verdict(wrong)]).toEqual(['stale', 'wrong']);
  });

  test('the same credentials again are refused, later ones of the same nonce are not', () => {
    const { clientOf, server, values } = scene();
    const client = clientOf('pbx', 'swordfish');
    const [first, second, third] = [values(client), values(client), values(client)];
    const verdicts = [first, first, third, second, third].map((value) => server.check(invite, value).type);
    expect(verdicts).toEqual(['ok', 'stale', 'ok', 'ok', 'stale']);
  });

  test('without qop a nonce is good for one request', () => {
    const { clientOf, server, values } = scene();
    const legacy = server.challenges(false).map((value) => value.replace(', qop="auth"', ''));
    const client = clientOf('pbx', 'swordfish', legacy);
    const verdicts = [values(client), values(client)].map((value) => server.check(invite, value).type);
    expect(verdicts).toEqual(['ok', 'stale']);
  });

  test('a count that no qop vouches for counts for nothing: overheard credentials would be good again with the next', () => {
    const { clientOf, server, values } = scene();
    const legacy = server.challenges(false).map((value) => value.replace(', qop="auth"', ''));
    const overheard = values(clientOf('pbx', 'swordfish', legacy));
    const counted = (nc: string) => overheard.map((value) => `${value}, nc=${nc}`);
    const verdicts = [overheard, counted('00000002'), counted('00000009')].map((value) => server.check(invite, value));
    expect(verdicts.map(({ type }) => type)).toEqual(['ok', 'stale', 'stale']);
  });
});

describe('a count', () => {
  /** Right credentials but for how they count: whoever sends them knows the password. */
  const counted = (server: DigestServer, nc: string) => {
    const params = parseAuthHeader(server.challenges(false)[0] ?? '')?.params;
    const nonce = params?.get('nonce') ?? '';
    const [user, realm, cnonce] = ['pbx', 'pbx.example', 'c'];
    const about = { user, realm, password: 'swordfish', nonce, cnonce, ...invite };
    const response = digestResponse({
      algorithm: { hash: 'SHA-256', session: false },
      ...about,
      qop: { type: 'auth', nc, cnonce },
    });
    const common = `Digest username="pbx", realm="${realm}", nonce="${nonce}", uri="${invite.uri}", algorithm=SHA-256`;
    return `${common}, qop=auth, nc=${nc}, cnonce="${cnonce}", response="${response}"`;
  };

  test.each([
    ['of eight digits is one', '0000000a', 'ok'],
    ['of one digit is none', '1', 'wrong'],
    ['of nine digits is none', '000000001', 'wrong'],
    ['that is no number is none', 'zzzzzzzz', 'wrong'],
    ['of nothing is none', '00000000', 'wrong'],
  ])('%s', (_, nc, type) => {
    const { server } = scene();
    expect(server.check(invite, [counted(server, nc)]).type).toBe(type);
  });
});

describe('counts', () => {
  test('a nonce that was forgotten cannot be used again, nor one as old', () => {
    const uses = new NonceUses(2);
    expect([uses.take('a', 1, 1), uses.take('b', 1, 1), uses.take('c', 2, 1)]).toEqual([true, true, true]);
    expect(uses.size).toBe(2);
    expect([uses.take('a', 1, 2), uses.take('old', 1, 1), uses.take('d', 3, 1)]).toEqual([false, false, true]);
  });

  test('a nonce gets no second life where one made before it was used later, and forgotten later', () => {
    const uses = new NonceUses(2);
    const took = [uses.take('old', 10, 1), uses.take('young', 20, 1), uses.take('old', 10, 2)];
    expect([...took, uses.take('x', 30, 1), uses.take('y', 31, 1)]).toEqual([true, true, true, true, true]);
    expect(uses.take('young', 20, 2)).toBe(false);
  });

  test('a count may come late, but once, and not later than 31 others', () => {
    const uses = new NonceUses(2);
    const took = [40, 9, 8, 9, 39, 40, 200, 200, 169, 168].map((count) => uses.take('a', 1, count));
    expect(took).toEqual([true, true, false, false, true, false, true, false, true, false]);
    // One that is 32 ahead, with all between still to come.
    expect([1, 2, 34, 33, 3, 2].map((count) => uses.take('b', 1, count))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
  });
});
