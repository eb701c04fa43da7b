import { describe, expect, test } from 'vitest';
import type { EmbeddedOptions } from '../../../src/signaling/embedded/embedded-options.js';
import { ServiceRoutes } from '../../../src/signaling/embedded/registration/service-routes.js';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import { createHarness } from '../../support/embedded-harness.js';
import { requestText, responseText, SDP } from '../../support/sip-text.js';

/** An endpoint behind a NAT, which learns from responses where it is seen (RFC 3581), and by which way calls go out. */

const PBX = { address: '198.51.100.7', port: 5060 };
const CHALLENGE = 'WWW-Authenticate: Digest realm="pbx", nonce="n1", algorithm=MD5, qop="auth"';
const contactOf = (request: SipRequest): string => request.headers.get('Contact') ?? '';

async function behindNat(options: Partial<EmbeddedOptions> = {}) {
  const register = [{ registrar: `sip:${PBX.address}`, user: '2000', password: 'secret', expiresSeconds: 600 }];
  const h = await createHarness({ options: { register, keepAliveSeconds: 0, ...options } });
  const next = (method = 'REGISTER'): SipRequest => {
    const request = h.udp.takeRequests().findLast((each) => each.method === method);
    if (request === undefined) throw new Error(`no ${method}`);
    return request;
  };
  /** The NAT's address as the peer writes it into our Via; `undefined`: a peer that says nothing. */
  const reply = (to: SipRequest, status: number, seen: string | undefined, extra: readonly string[] = []) => {
    const text = responseText(to, { status, toTag: 'pbx', extra: [...extra], ...(status < 200 && { body: '' }) });
    h.udp.receive(PBX, seen === undefined ? text : text.replace(';rport', seen));
  };
  return { h, next, reply };
}

const seenAt = (host: string, port: number): string => `;rport=${port};received=${host}`;

describe('the Contact of a registration', () => {
  test('names the address that the challenge says we come from', async () => {
    const { next, reply } = await behindNat();
    const first = next();
    expect(contactOf(first)).toBe('<sip:2000@192.0.2.1:5060>');
    reply(first, 401, seenAt('203.0.113.9', 40_000), [CHALLENGE]);
    const second = next();
    expect(second.headers.getAll('Contact')).toEqual(['<sip:2000@203.0.113.9:40000>']);
    // The sent-by stays as it is: it is the registrar that knows better (RFC 3581 section 3).
    expect(second.headers.get('Via')).toContain(' 192.0.2.1:5060;');
  });

  test('is put right at once where there was no challenge, and the wrong binding taken back', async () => {
    const { h, next, reply } = await behindNat();
    reply(next(), 200, seenAt('203.0.113.9', 40_000));
    const second = next();
    expect(second.headers.getAll('Contact')).toEqual([
      '<sip:2000@203.0.113.9:40000>',
      '<sip:2000@192.0.2.1:5060>;expires=0',
    ]);
    reply(second, 200, seenAt('203.0.113.9', 40_000));
    expect(h.udp.takeRequests()).toEqual([]);
    expect(h.driver.registrations?.()).toMatchObject([{ state: 'registered' }]);
  });

  test('is taken back at the end wherever it is, also while it moves', async () => {
    const { h, next, reply } = await behindNat();
    reply(next(), 200, seenAt('203.0.113.9', 40_000));
    const move = next();
    const closing = h.driver[Symbol.asyncDispose]();
    reply(move, 500, seenAt('203.0.113.9', 40_000));
    const farewell = next();
    expect(farewell.headers.get('Expires')).toBe('0');
    const [here, there] = ['<sip:2000@203.0.113.9:40000>', '<sip:2000@192.0.2.1:5060>;expires=0'];
    expect(farewell.headers.getAll('Contact')).toEqual([here, there]);
    reply(farewell, 401, seenAt('203.0.113.9', 40_000), [CHALLENGE]);
    const again = next();
    expect(again.headers.getAll('Contact')).toEqual([here, there]);
    reply(again, 200, seenAt('203.0.113.9', 40_000));
    await closing;
  });

  test('follows a NAT that has changed its mind, and does not run after one that does so each time', async () => {
    const { h, next, reply } = await behindNat();
    reply(next(), 401, seenAt('203.0.113.9', 40_000), [CHALLENGE]);
    reply(next(), 200, seenAt('203.0.113.9', 40_000));
    h.clock.advance(540_000);
    reply(next(), 200, seenAt('203.0.113.9', 40_001));
    expect(next().headers.getAll('Contact')).toEqual([
      '<sip:2000@203.0.113.9:40001>',
      '<sip:2000@203.0.113.9:40000>;expires=0',
    ]);
    const again = await behindNat();
    again.reply(again.next(), 200, seenAt('203.0.113.9', 1));
    again.reply(again.next(), 200, seenAt('203.0.113.9', 2));
    expect(again.h.udp.takeRequests()).toEqual([]);
  });

  test.each([
    [
      'an address of the configuration wins',
      { advertise: '203.0.113.200' },
      seenAt('203.0.113.9', 40_000),
      '203.0.113.200',
    ],
    ['a peer that says nothing changes nothing', {}, undefined, '192.0.2.1'],
    ['what is no address of ours is not taken', {}, seenAt('nat.example', 40_000), '192.0.2.1'],
    ['nor one of another family', {}, seenAt('2001:db8::9', 40_000), '192.0.2.1'],
    ['nor none at all', {}, seenAt('0.0.0.0', 40_000), '192.0.2.1'],
  ] as const)('%s', async (_, options, seen, host) => {
    const { next, reply } = await behindNat(options);
    reply(next(), 401, seen, [CHALLENGE]);
    expect(contactOf(next())).toBe(`<sip:2000@${host}:5060>`);
  });
});

test('calls to and from that peer have the same Contact, and those with others their own', async () => {
  const { h, next, reply } = await behindNat();
  reply(next(), 401, seenAt('203.0.113.9', 40_000), [CHALLENGE]);
  reply(next(), 200, seenAt('203.0.113.9', 40_000));
  h.dial({ uri: `sip:3000@${PBX.address}` });
  expect(contactOf(next('INVITE'))).toBe('<sip:2000@203.0.113.9:40000>');
  h.dial({ uri: 'sip:3000@198.51.100.8' });
  expect(contactOf(next('INVITE'))).toBe('<sip:2000@192.0.2.1:5060>');
  h.udp.receive(PBX, requestText({ method: 'INVITE', via: 'UDP 198.51.100.7:5060;branch=z9hG4bKin', body: SDP }));
  const [ok] = h.udp.takeResponses().filter(({ status }) => status === 200);
  expect(ok?.headers.get('Contact')).toContain('@203.0.113.9:40000>');
});

describe('Service-Route (RFC 3608)', () => {
  const ROUTES = ['Service-Route: <sip:orig@198.51.100.20;lr>, <sip:198.51.100.21;lr>'];

  async function registered(extra: readonly string[] = ROUTES) {
    const setup = await behindNat();
    setup.reply(setup.next(), 200, undefined, extra);
    return setup;
  }

  const auth = { user: '2000', password: 'secret' };

  test('a call of the extension in that domain goes by it, nearest proxy first', async () => {
    const { h, next } = await registered();
    h.dial({ uri: `sip:3000@${PBX.address}`, targets: [`sip:${PBX.address}`], auth });
    const [sent] = h.udp.take();
    if (sent?.message.kind !== 'request') throw new Error('no INVITE');
    expect([sent.to.address, sent.message.uri]).toEqual(['198.51.100.20', `sip:3000@${PBX.address}`]);
    expect(sent.message.headers.getAll('Route')).toEqual(['<sip:orig@198.51.100.20;lr>, <sip:198.51.100.21;lr>']);
    expect(() => next('INVITE')).toThrow('no INVITE');
  });

  test('where it cannot be reached the call goes as configured', async () => {
    const { h } = await registered();
    h.dial({ uri: `sip:3000@${PBX.address}`, targets: [`sip:${PBX.address}`], auth });
    h.udp.take();
    h.udp.opened.find(({ remote }) => remote.address === '198.51.100.20')?.break();
    const [sent] = h.udp.take();
    expect([sent?.to.address, sent?.message.headers.has('Route')]).toEqual([PBX.address, false]);
  });

  test.each([
    ['another user', { auth: { user: 'trunk', password: 's' } }, ROUTES],
    ['another domain', { uri: 'sip:3000@198.51.100.9' }, ROUTES],
    ['a strict router in it', {}, ['Service-Route: <sip:198.51.100.20>']],
    ['no such field', {}, []],
  ] as const)('%s: the call goes as configured', async (_, request, extra) => {
    const { h } = await registered(extra);
    h.dial({ uri: `sip:3000@${PBX.address}`, targets: [`sip:${PBX.address}`], auth, ...request });
    const [sent] = h.udp.take();
    expect([sent?.to.address, sent?.message.headers.has('Route')]).toEqual([PBX.address, false]);
  });

  test.each(['[2001:db8::7]', '2001:DB8:0::7', 'PBX.example'])(
    'the domain %s is the same in another spelling',
    (domain) => {
      const routes = new ServiceRoutes();
      routes.set('2000', domain, ['<sip:198.51.100.20;lr>']);
      const calls = ['sip:3000@[2001:db8::7]', 'sip:3000@[2001:DB8::7]:5070', 'sip:3000@pbx.EXAMPLE'];
      const found = calls.filter((uri) => routes.for({ uri, fromUser: '2000' }).length > 0);
      expect(found).toEqual(domain.startsWith('P') ? calls.slice(2) : calls.slice(0, 2));
    },
  );

  test('the next 200 says it anew, and a registration that is over has none', async () => {
    const { h, next, reply } = await registered();
    h.clock.advance(540_000);
    reply(next(), 200, undefined);
    h.dial({ uri: `sip:3000@${PBX.address}`, targets: [`sip:${PBX.address}`], auth });
    expect(h.udp.take()[0]?.to.address).toBe(PBX.address);
  });
});
