import { describe, expect, test } from 'vitest';
import { parseAuthHeader } from '../../../../src/signaling/digest/auth-header.js';
import type { RegistrationOptions } from '../../../../src/signaling/embedded/registration/registration-options.js';
import {
  backOffDelayMs,
  refreshDelayMs,
  registrationTimes,
} from '../../../../src/signaling/embedded/registration/registration-schedule.js';
import type { SipRequest } from '../../../../src/signaling/message/sip-message.js';
import { createHarness, settle } from '../../../support/embedded-harness.js';
import { FakeDns } from '../../../support/fake-dns.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { requestText, responseText, SDP } from '../../../support/sip-text.js';

const PBX = { address: '198.51.100.7', port: 5060 };
const challenge = (nonce = 'n1', more = '') => ({
  extra: [`WWW-Authenticate: Digest realm="pbx", nonce="${nonce}", algorithm=MD5, qop="auth"${more}`],
});

/** An endpoint that is to be extension 2000; nobody is in its allow-list. */
async function registering(changes: Partial<RegistrationOptions> = {}, keepAliveSeconds = 0, dns?: FakeDns) {
  const register = [
    {
      registrar: `sip:${PBX.address}`,
      user: '2000',
      password: 'secret',
      expiresSeconds: 600,
      ...changes,
    },
  ];
  const h = await createHarness({
    options: { register, allow: ['203.0.113.1'], keepAliveSeconds },
    ...(dns && { dns }),
  });
  const next = (): SipRequest => {
    const request = h.udp.takeRequests().findLast(({ method }) => method === 'REGISTER');
    if (request === undefined) throw new Error('no REGISTER');
    return request;
  };
  const reply = (to: SipRequest, status: number, parts: { extra?: string[] } = {}) =>
    h.udp.receive(PBX, responseText(to, { status, toTag: 'pbx', ...parts }));
  const accept = (to: SipRequest, expires = 600) =>
    reply(to, 200, { extra: [`Contact: ${to.headers.get('Contact')};expires=${expires}`] });
  const status = () => h.driver.registrations?.()[0];
  const silent = () => h.udp.take().length === 0;
  return { h, next, reply, accept, status, silent };
}

test('how long we are bound is told of our Contact, not of one that we had by another transport', async () => {
  const { h } = await registering({ registrar: `sip:${PBX.address};transport=tcp` });
  const [register] = h.tcp.takeRequests();
  if (register === undefined) throw new Error('no REGISTER');
  const contacts = '<sip:2000@192.0.2.1:5060>;expires=3500, <sip:2000@192.0.2.1:5060;transport=TCP>;expires=300';
  h.tcp.receive(PBX, responseText(register, { status: 200, toTag: 'pbx', extra: [`Contact: ${contacts}`] }));
  h.clock.advance(270_000);
  expect(h.tcp.takeRequests().map(({ method }) => method)).toEqual(['REGISTER']);
});

describe('REGISTER', () => {
  test('says who is where, for how long, and that proxies may stay in the path', async () => {
    const { next, status } = await registering();
    const register = next();
    expect(register.uri).toBe(`sip:${PBX.address}`);
    expect(Object.fromEntries(register.headers)).toMatchObject({
      To: '<sip:2000@198.51.100.7>',
      Contact: '<sip:2000@192.0.2.1:5060>',
      Expires: '600',
      Supported: 'path',
      CSeq: '1 REGISTER',
    });
    expect(register.headers.get('From')).toMatch(/^<sip:2000@198\.51\.100\.7>;tag=/);
    expect(status()?.state).toBe('registering');
  });

  test('a challenge is answered in the same registration: Call-ID and tag stay, CSeq rises', async () => {
    const { next, reply, accept, status, h } = await registering();
    const first = next();
    reply(first, 401, challenge());
    const second = next();
    expect(second.headers.get('Authorization')).toContain('username="2000"');
    for (const name of ['Call-ID', 'From']) expect(second.headers.get(name)).toBe(first.headers.get(name));
    expect(second.headers.get('CSeq')).toBe('2 REGISTER');
    accept(second);
    expect(status()).toEqual({
      registrar: 'sip:198.51.100.7',
      user: '2000',
      state: 'registered',
      expiresAtMs: h.clock.wallTime() + 600_000,
      failure: undefined,
    });
  });

  test('a proxy is where it goes; another user for authentication is possible', async () => {
    const { next, reply } = await registering({
      registrar: 'sip:example.com',
      proxy: `sip:${PBX.address};lr`,
      authUser: 'u',
    });
    const register = next();
    expect([register.uri, register.headers.get('Route')]).toEqual(['sip:example.com', `<sip:${PBX.address};lr>`]);
    reply(register, 401, challenge());
    expect(next().headers.get('Authorization')).toContain('username="u"');
  });
});

describe('refresh', () => {
  test('before it expires, by what the registrar granted to us, with credentials at once', async () => {
    const { next, reply, h, silent } = await registering();
    reply(next(), 401, challenge());
    const second = next();
    const others = 'Contact: <sip:2000@10.0.0.9>;expires=9999';
    reply(second, 200, { extra: [others, `Contact: <sip:2000@192.0.2.1:5060;x=y>;expires=100`] });
    h.clock.advance(67_999);
    expect(silent()).toBe(true);
    h.clock.advance(1);
    const refresh = next();
    const params = parseAuthHeader(refresh.headers.get('Authorization') ?? '')?.params;
    expect([refresh.headers.get('CSeq'), params?.get('nc')]).toEqual(['3 REGISTER', '00000002']);
  });

  test('with the nonce that the registrar named for it (RFC 7616 section 3.5)', async () => {
    const { next, reply, h } = await registering();
    reply(next(), 401, challenge());
    reply(next(), 200, { extra: ['Authentication-Info: nextnonce="n2"'] });
    h.clock.advance(568_000);
    const params = parseAuthHeader(next().headers.get('Authorization') ?? '')?.params;
    expect([params?.get('nonce'), params?.get('nc')]).toEqual(['n2', '00000001']);
  });

  test('a nonce that has become stale meanwhile is replaced', async () => {
    const { next, reply, accept, h, status } = await registering();
    reply(next(), 401, challenge());
    accept(next());
    h.clock.advance(540_000);
    reply(next(), 401, challenge('n2', ', stale=true'));
    const again = next();
    expect(parseAuthHeader(again.headers.get('Authorization') ?? '')?.params.get('nonce')).toBe('n2');
    accept(again);
    expect(status()?.state).toBe('registered');
  });

  test.each([
    [3600, 3240],
    [600, 540],
    [120, 88],
    [60, 30],
    [1, 0.5],
  ])('granted for %i s: after %d s', (granted, seconds) => {
    expect(refreshDelayMs(granted)).toBeCloseTo(seconds * 1000);
  });
});

describe('failure', () => {
  test('423: as long as the registrar wants, at once; an absurd time is not taken', async () => {
    const { next, reply, status } = await registering();
    reply(next(), 423, { extra: ['Min-Expires: 1800'] });
    const again = next();
    expect(again.headers.get('Expires')).toBe('1800');
    reply(again, 423, { extra: ['Min-Expires: 4294967295'] });
    expect(status()).toMatchObject({ state: 'failed', failure: 'the registrar answered 423' });
  });

  test('a wrong password is said, and tried again only after a while', async () => {
    const { next, reply, status, silent, h } = await registering();
    reply(next(), 401, challenge());
    reply(next(), 401, challenge('n2'));
    expect(silent()).toBe(true);
    expect(status()?.failure).toBe('the registrar answered 401: user or password is wrong');
    h.clock.advance(2_400);
    expect(silent()).toBe(true);
    h.clock.advance(2_700);
    expect(next().headers.has('Authorization')).toBe(false);
  });

  test('each wait is longer than the one before, up to a limit, and no two connectors come together', () => {
    const waits = [1, 2, 3, 8, 100].map((failures) => backOffDelayMs(failures, registrationTimes, new SeededRandom(1)));
    const most = [5_000, 10_000, 20_000, 600_000, 600_000];
    expect(waits.map((waitMs, index) => waitMs >= (most[index] ?? 0) / 2 && waitMs <= (most[index] ?? 0))).toEqual(
      most.map(() => true),
    );
    const random = new SeededRandom(2);
    expect(new Set([1, 2, 3, 4].map(() => backOffDelayMs(3, registrationTimes, random))).size).toBeGreaterThan(1);
  });

  test('503: the next server of the registrar is asked at once, and who wants to be left alone is', async () => {
    const addresses = [PBX.address, '198.51.100.8'] as const;
    const dns = new FakeDns({ addresses: { 'pbx.example.com': addresses } });
    const { h, status } = await registering({ registrar: 'sip:pbx.example.com' }, 0, dns);
    const lookedUp = async () => {
      for (let turn = 0; turn < 10; turn += 1) await settle();
    };
    await lookedUp();
    const refuse = (address: string, extra: string[] = []) => {
      const [sent, ...more] = h.udp.take();
      expect([sent?.to.address, more]).toEqual([address, []]);
      h.udp.receive(
        { address, port: 5060 },
        responseText(sent?.message as SipRequest, { status: 503, toTag: 'pbx', extra }),
      );
    };
    refuse(addresses[0], ['Retry-After: 3600']);
    refuse(addresses[1]);
    expect(status()).toMatchObject({ state: 'failed', failure: expect.stringContaining('503') });
    // The second round, a minute later at most, leaves the first out.
    h.clock.advance(60_000);
    await lookedUp();
    refuse(addresses[1]);
  });

  test('Retry-After is waited for', async () => {
    const { next, reply, h, silent } = await registering();
    reply(next(), 500, { extra: ['Retry-After: 60'] });
    h.clock.advance(59_999);
    expect(silent()).toBe(true);
    h.clock.advance(1);
    next();
  });

  test('a binding that runs out between two attempts is no longer said to stand, and a set clock changes nothing', async () => {
    const { next, reply, accept, status, h } = await registering();
    accept(next());
    h.clock.advance(540_000);
    reply(next(), 500, { extra: ['Retry-After: 300'] });
    h.clock.stepWallTime(3_600_000);
    expect(status()).toMatchObject({ state: 'failed', expiresAtMs: expect.any(Number) });
    h.clock.advance(59_999);
    expect(status()?.expiresAtMs).toBeDefined();
    h.clock.advance(1);
    expect(status()).toMatchObject({ state: 'failed', expiresAtMs: undefined });
  });

  test('nobody answers: failed after timer F, then again; a binding that stands is still known', async () => {
    const { next, accept, h, status } = await registering();
    accept(next(), 600);
    const { expiresAtMs } = status() ?? {};
    h.clock.advance(540_000 + 32_000);
    expect(status()).toMatchObject({ state: 'failed', failure: 'the registrar does not answer', expiresAtMs });
    h.udp.take();
    h.clock.advance(5_000);
    accept(next());
    expect(status()).toMatchObject({ state: 'registered', failure: undefined });
  });

  test('a connection that breaks is made again', async () => {
    const register = [
      {
        registrar: `sip:${PBX.address};transport=tcp`,
        user: '2000',
        password: 's',
        expiresSeconds: 600,
      },
    ];
    const h = await createHarness({ options: { register } });
    const [first] = h.tcp.takeRequests();
    const flow = h.tcp.opened[0];
    if (first === undefined || flow === undefined) throw new Error('no REGISTER');
    expect(first.headers.get('Contact')).toBe('<sip:2000@192.0.2.1:5060;transport=tcp>');
    h.tcp.receive(PBX, responseText(first, { status: 200, toTag: 'x' }), flow);
    flow.break();
    expect(h.driver.registrations?.()[0]?.failure).toBe('the connection to the registrar broke');
    h.clock.advance(5_000);
    expect(h.tcp.takeRequests().map(({ method }) => method)).toEqual(['REGISTER']);
  });
});

describe('a registered extension', () => {
  test('takes calls from the registrar, which is in no allow-list; from nobody else', async () => {
    const { next, accept, h } = await registering();
    accept(next());
    const call = (address: string, callId: string) => {
      const via = `UDP ${address}:5060;branch=z9hG4bK-${callId};rport`;
      h.udp.receive({ address, port: 5060 }, requestText({ method: 'INVITE', callId, via, body: SDP }));
      return h.udp.take().map(({ message }) => (message.kind === 'response' ? message.status : message.method));
    };
    expect(call(PBX.address, 'a')).toEqual([100, 200]);
    expect(call('198.51.100.8', 'b')).toEqual([]);
  });

  test('keeps the path open', async () => {
    const { next, accept, h } = await registering({}, 25);
    const register = next();
    const sent: string[] = [];
    for (const flow of h.udp.opened) Object.assign(flow, { onSend: (bytes: Uint8Array) => sent.push(String(bytes)) });
    accept(register);
    h.clock.advance(75_000);
    expect(sent.length).toBeGreaterThanOrEqual(3);
    expect(new Set(sent)).toEqual(new Set(['\r\n\r\n']));
  });

  test('is taken back at the end, with credentials, and not waited for longer than two seconds', async () => {
    const { next, reply, accept, h } = await registering();
    reply(next(), 401, challenge());
    accept(next());
    let closed = false;
    const closing = h.driver[Symbol.asyncDispose]().then(() => {
      closed = true;
    });
    const farewell = next();
    expect([farewell.headers.get('Expires'), farewell.headers.has('Authorization')]).toEqual(['0', true]);
    await settle();
    expect(closed).toBe(false);
    h.clock.advance(2_000);
    await closing;
    expect(h.clock.pendingTimers).toBe(0);
  });

  test('one that is under way at the end is taken back when it has come about, and not before it is answered', async () => {
    const { next, reply, accept, silent, h } = await registering();
    reply(next(), 401, challenge());
    const register = next();
    const closing = h.driver[Symbol.asyncDispose]();
    await settle();
    expect(silent()).toBe(true);
    reply(register, 100);
    accept(register);
    const farewell = next();
    expect([farewell.headers.get('Expires'), farewell.headers.has('Authorization')]).toEqual(['0', true]);
    accept(farewell);
    await closing;
    expect(h.clock.pendingTimers).toBe(0);
  });

  test('so is a binding whose refresh is refused meanwhile', async () => {
    const { next, reply, accept, h } = await registering();
    accept(next());
    h.clock.advance(600_000);
    const refresh = next();
    const closing = h.driver[Symbol.asyncDispose]();
    reply(refresh, 500);
    const farewell = next();
    expect(farewell.headers.get('Expires')).toBe('0');
    accept(farewell);
    await closing;
  });

  test('one whose connection breaks at the end has nothing to take back', async () => {
    const { h } = await registering({ registrar: `sip:${PBX.address};transport=tcp` });
    const closing = h.driver[Symbol.asyncDispose]();
    h.tcp.opened[0]?.break();
    await closing;
    expect([h.tcp.takeRequests().length, h.clock.pendingTimers]).toEqual([1, 0]);
  });

  test.each([
    ['is refused', ({ reply, next }: Awaited<ReturnType<typeof registering>>) => reply(next(), 401, challenge())],
    ['is not answered for two seconds', ({ h }: Awaited<ReturnType<typeof registering>>) => h.clock.advance(2_000)],
  ])('one that never was, and %s, has nothing to take back', async (_, happens) => {
    const scene = await registering();
    const { h } = scene;
    const closing = h.driver[Symbol.asyncDispose]();
    happens(scene);
    await closing;
    expect(new Set(h.udp.takeRequests().map(({ headers }) => headers.get('Expires')))).not.toContain('0');
    expect(h.clock.pendingTimers).toBe(0);
  });
});
