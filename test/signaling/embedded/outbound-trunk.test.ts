import { describe, expect, test } from 'vitest';
import { parseAuthHeader } from '../../../src/signaling/digest/auth-header.js';
import { digestResponse } from '../../../src/signaling/digest/digest.js';
import type { SipMessage, SipRequest } from '../../../src/signaling/message/sip-message.js';
import type { OutboundRequest } from '../../../src/signaling/port.js';
import { createHarness, settle } from '../../support/embedded-harness.js';
import { FakeDns } from '../../support/fake-dns.js';
import { requestText, responseText, tagOf } from '../../support/sip-text.js';

const [FIRST, SECOND] = ['198.51.100.1', '198.51.100.2'];
const targets = [`sip:${FIRST}`, `sip:${SECOND}`];
const answer = { toTag: 'bob', extra: ['Contact: <sip:bob@192.0.2.9:5075>'], body: 'answer' };
const challenge = () => ({
  toTag: 'proxy',
  extra: ['Proxy-Authenticate: Digest realm="trunk", nonce="n1", algorithm=SHA-256, qop="auth"'],
});

type ReplyParts = { toTag?: string; extra?: string[]; body?: string };

/** A call over trunks, and what every host was sent. */
async function dialled(request: Partial<OutboundRequest> = {}, dns?: FakeDns) {
  const h = await createHarness(dns === undefined ? {} : { dns });
  const { leg, events } = h.dial({ uri: 'sip:+4420@trunk.example', ...request });
  const take = () =>
    h.udp.take().map(({ message, to }: { message: SipMessage; to: { address: string } }) => {
      if (message.kind !== 'request') throw new Error('a response');
      return { host: to.address, message };
    });
  const next = (): SipRequest & { host: string } => {
    const found = take().findLast(({ message }) => message.method === 'INVITE');
    if (found === undefined) throw new Error('no INVITE');
    return { ...found.message, host: found.host };
  };
  const reply = (to: SipRequest & { host: string }, status: number, parts: ReplyParts = {}) =>
    h.udp.receive({ address: to.host, port: 5060 }, responseText(to, { status, ...parts }));
  const methods = () => take().map(({ message, host }) => `${message.method} ${host}`);
  return { h, leg, events, next, reply, methods };
}

function credentials(request: SipRequest, name: string) {
  return parseAuthHeader(request.headers.get(name) ?? '')?.params ?? new Map<string, string>();
}

describe('addressing', () => {
  test('a target is where the INVITE goes; it stays addressed to the URI', async () => {
    const { next } = await dialled({ targets, fromDomain: 'customer.example' });
    const invite = next();
    expect([invite.host, invite.uri, invite.headers.get('To')]).toEqual([
      FIRST,
      'sip:+4420@trunk.example',
      '<sip:+4420@trunk.example>',
    ]);
    expect(invite.headers.has('Route')).toBe(false);
    expect(invite.headers.get('From')).toMatch(/^<sip:2000@customer\.example>;tag=/);
  });

  test.each([
    ['sips:198.51.100.1;lr', 'sip:+4420@trunk.example', true],
    ['sip:198.51.100.1;transport=tls;lr', 'sips:+4420@trunk.example', true],
    ['sip:198.51.100.1;transport=tls;lr', 'sip:+4420@trunk.example', false],
  ])('by way of %s to %s, our Contact is as safe as that', async (target, uri, secure) => {
    const h = await createHarness({ protocols: ['udp', 'tls'] });
    h.dial({ uri, targets: [target] });
    const contact = h.tls.takeRequests()[0]?.headers.get('Contact');
    expect(contact).toBe(secure ? '<sips:2000@192.0.2.1:5060>' : '<sip:2000@192.0.2.1:5060;transport=tls>');
  });

  test('a proxy with lr is named in Route, also in the CANCEL; a target with a user is the request-URI', async () => {
    const proxied = await dialled({ targets: [`sip:${FIRST};lr`] });
    const invite = proxied.next();
    expect([invite.uri, invite.headers.get('Route')]).toEqual(['sip:+4420@trunk.example', `<sip:${FIRST};lr>`]);
    proxied.reply(invite, 180, { toTag: 'bob' });
    proxied.leg.hangUp();
    const [cancel] = proxied.h.udp.takeRequests();
    expect([cancel?.method, cancel?.headers.get('Route')]).toEqual(['CANCEL', `<sip:${FIRST};lr>`]);
    const direct = (await dialled({ targets: [`sip:9420@${FIRST}:5080`] })).next();
    expect([direct.host, direct.uri]).toEqual([FIRST, `sip:9420@${FIRST}:5080`]);
  });
});

describe('authentication', () => {
  const auth = { user: 'alice', password: 'secret' };

  test('a 407 is answered: same call, same From tag, next CSeq, new branch, ACK for the challenge', async () => {
    const { next, reply, h, events } = await dialled({ targets, auth });
    const first = next();
    reply(first, 407, challenge());
    const [ack, second] = h.udp.takeRequests();
    if (second === undefined) throw new Error('not sent again');
    expect([ack?.method, second.method, second.headers.get('CSeq')]).toEqual(['ACK', 'INVITE', '2 INVITE']);
    for (const name of ['Call-ID', 'From', 'To']) expect(second.headers.get(name)).toBe(first.headers.get(name));
    expect(second.headers.get('Via')).not.toBe(first.headers.get('Via'));
    expect(second.body).toEqual(first.body);
    const params = credentials(second, 'Proxy-Authorization');
    const qop = { type: 'auth', nc: '00000001', cnonce: params.get('cnonce') ?? '' } as const;
    const input = { ...auth, realm: 'trunk', nonce: 'n1', method: 'INVITE', uri: second.uri, qop };
    expect(params.get('response')).toBe(digestResponse({ ...input, algorithm: { hash: 'SHA-256', session: false } }));
    expect(events).toEqual([]);
  });

  test('the ACK of the 200 carries the INVITE’s credentials, the BYE new ones', async () => {
    const { next, reply, h, leg, events } = await dialled({ targets, auth });
    reply(next(), 407, challenge());
    const invite = next();
    reply(invite, 200, answer);
    leg.hangUp();
    const [ack, bye] = h.udp.takeRequests();
    expect([ack?.method, ack?.headers.get('CSeq')]).toEqual(['ACK', '2 ACK']);
    expect(ack?.headers.get('Proxy-Authorization')).toBe(invite.headers.get('Proxy-Authorization'));
    if (bye === undefined) throw new Error('no BYE');
    expect([bye.method, bye.headers.get('CSeq')]).toEqual(['BYE', '3 BYE']);
    expect(credentials(bye, 'Proxy-Authorization').get('nc')).toBe('00000002');
    expect(events[0]).toEqual({ type: 'answered', sdp: 'answer' });
  });

  test('a re-INVITE that is challenged anew goes again, and its ACK belongs to the second', async () => {
    const { next, reply, h, leg, events } = await dialled({ targets, auth });
    reply(next(), 407, challenge());
    reply(next(), 200, answer);
    h.udp.take();
    leg.reoffer('hold');
    reply(next(), 407, {
      extra: ['Proxy-Authenticate: Digest realm="trunk", nonce="n2", stale=true, qop="auth"'],
    });
    const again = next();
    expect([again.headers.get('CSeq'), credentials(again, 'Proxy-Authorization').get('nonce')]).toEqual([
      '4 INVITE',
      'n2',
    ]);
    reply(again, 200, answer);
    expect(h.udp.takeRequests().map(({ headers }) => headers.get('CSeq'))).toEqual(['4 ACK']);
    expect(events.at(-1)).toEqual({ type: 'reoffered', status: 200, sdp: 'answer' });
  });

  test('a proxy asks, then the far end: both are answered', async () => {
    const { next, reply } = await dialled({ targets, auth });
    reply(next(), 407, challenge());
    reply(next(), 401, { toTag: 'b', extra: ['WWW-Authenticate: Digest realm="pbx", nonce="m", algorithm=MD5'] });
    const third = next();
    expect(third.headers.get('CSeq')).toBe('3 INVITE');
    expect(credentials(third, 'Proxy-Authorization').get('realm')).toBe('trunk');
    expect(credentials(third, 'Authorization').get('realm')).toBe('pbx');
  });

  test.each([
    ['a wrong password', auth],
    ['no credentials', undefined],
  ])('%s: the call ends with the 407, and nobody loops', async (_, given) => {
    const { next, reply, methods, events } = await dialled({ targets, ...(given && { auth: given }) });
    reply(next(), 407, challenge());
    if (given) reply(next(), 407, challenge());
    expect(methods()).toEqual([`ACK ${FIRST}`]);
    expect(events).toEqual([{ type: 'ended', end: expect.objectContaining({ by: 'peer', status: 407 }) }]);
  });

  test('whoever hung up before the challenge sends no second INVITE', async () => {
    const { next, reply, methods, leg, events } = await dialled({ targets, auth });
    const invite = next();
    leg.hangUp();
    reply(invite, 407, challenge());
    expect(methods()).toEqual([`ACK ${FIRST}`]);
    await settle();
    expect(events.at(-1)).toMatchObject({ end: { by: 'local' } });
  });
});

describe('the next target', () => {
  test('after a 503, with a CSeq that is not taken for the first INVITE', async () => {
    const { next, reply, events } = await dialled({ targets });
    reply(next(), 503, { toTag: 'x' });
    const second = next();
    expect([second.host, second.headers.get('CSeq')]).toEqual([SECOND, '2 INVITE']);
    reply(second, 200, answer);
    expect(events).toEqual([{ type: 'answered', sdp: 'answer' }]);
  });

  test('after a transport error', async () => {
    const { next, h } = await dialled({ targets });
    next();
    h.udp.opened.find(({ remote }) => remote.address === FIRST)?.break();
    expect(next().host).toBe(SECOND);
  });

  test('after four silent seconds, long before timer B; a 100 is enough to be waited for', async () => {
    const silent = await dialled({ targets });
    silent.next();
    silent.h.clock.advance(3_999);
    expect(silent.methods().every((method) => method === `INVITE ${FIRST}`)).toBe(true);
    silent.h.clock.advance(1);
    expect(silent.next().host).toBe(SECOND);
    const trying = await dialled({ targets });
    trying.reply(trying.next(), 100);
    trying.h.clock.advance(30_000);
    expect(trying.methods()).toEqual([]);
  });

  test('a silent target that answers after all is acknowledged and ended; one that rings is cancelled', async () => {
    const { next, reply, methods, h, events } = await dialled({ targets });
    const first = next();
    h.clock.advance(4_000);
    const second = next();
    reply(second, 200, answer);
    methods();
    reply(first, 180, { toTag: 'late' });
    expect(methods()).toEqual([`CANCEL ${FIRST}`]);
    reply(first, 200, { ...answer, toTag: 'late' });
    expect(methods()).toEqual(['ACK 192.0.2.9', 'BYE 192.0.2.9']);
    expect(events).toEqual([{ type: 'answered', sdp: 'answer' }]);
  });

  test('the last one has all the time of timer B: 408', async () => {
    const { h, events, methods } = await dialled({ targets });
    h.clock.advance(4_000);
    h.clock.advance(32_000);
    await settle();
    expect(events).toEqual([{ type: 'ended', end: { by: 'transport', status: 408, text: '' } }]);
    expect(methods().filter((method) => method.endsWith(SECOND)).length).toBeGreaterThan(3);
  });

  test.each([486, 404, 500, 603])('%i is an answer: nobody else is asked', async (status) => {
    const { next, reply, methods, events } = await dialled({ targets });
    reply(next(), status, { toTag: 'x' });
    expect(methods()).toEqual([`ACK ${FIRST}`]);
    expect(events).toMatchObject([{ type: 'ended', end: { by: 'peer', status } }]);
  });

  test('503 with Retry-After: the target is left alone for that time, by other calls too', async () => {
    const { h, next, reply } = await dialled({ targets });
    reply(next(), 503, { toTag: 'x', extra: ['Retry-After: 120 (maintenance);duration=5'] });
    next();
    const dialAgain = () => {
      h.dial({ uri: 'sip:+4420@trunk.example', targets });
      return next().host;
    };
    h.clock.advance(119_000);
    h.udp.take();
    expect(dialAgain()).toBe(SECOND);
    h.clock.advance(1_000);
    h.udp.take();
    expect(dialAgain()).toBe(FIRST);
  });

  test('where every target wants to be left alone the call fails with 503 at once', async () => {
    const { h, next, reply } = await dialled({ targets: [`sip:${FIRST}`] });
    reply(next(), 503, { toTag: 'x', extra: ['Retry-After: 120'] });
    const { events } = h.dial({ uri: 'sip:+4420@trunk.example', targets: [`sip:${FIRST}`] });
    await settle();
    expect(events).toMatchObject([{ type: 'ended', end: { status: 503 } }]);
    expect(h.udp.takeRequests().filter(({ method }) => method === 'INVITE')).toEqual([]);
  });

  test('the time to answer is that of the whole call', async () => {
    const { next, reply, methods, h, events } = await dialled({ targets, answerTimeoutMs: 10_000 });
    h.clock.advance(4_000);
    const second = next();
    reply(second, 180, { toTag: 'bob' });
    h.clock.advance(6_000);
    expect(methods()).toEqual([`CANCEL ${SECOND}`]);
    reply(second, 487, { toTag: 'bob' });
    await settle();
    expect(events.at(-1)).toMatchObject({ type: 'ended', end: { by: 'local', status: 487 } });
  });
});

/** Answers of name servers come by way of several promises. */
async function lookedUp(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await settle();
}

/** A name server that answers no sooner than it is told to. */
class SlowDns extends FakeDns {
  answer: () => void = () => {};
  readonly #told = new Promise<void>((resolve) => {
    this.answer = resolve;
  });

  override async naptr(name: string): ReturnType<FakeDns['naptr']> {
    await this.#told;
    return super.naptr(name);
  }
}

describe('a target with a name', () => {
  const zone = {
    srv: {
      '_sip._udp.carrier.example': [
        { priority: 20, weight: 0, port: 5062, name: 'b.carrier.example' },
        { priority: 10, weight: 0, port: 5061, name: 'a.carrier.example' },
      ],
    },
    addresses: { 'a.carrier.example': [FIRST], 'b.carrier.example': [SECOND] },
  };

  test('its servers are tried in the order of SRV, and each is left alone by itself', async () => {
    const { next, reply, h } = await dialled({ targets: ['sip:carrier.example'] }, new FakeDns(zone));
    await lookedUp();
    const first = next();
    expect([first.host, first.uri]).toEqual([FIRST, 'sip:+4420@trunk.example']);
    reply(first, 503, { toTag: 'x', extra: ['Retry-After: 60'] });
    expect(next().host).toBe(SECOND);
    h.dial({ uri: 'sip:+4420@trunk.example', targets: ['sip:carrier.example'] });
    await lookedUp();
    expect(next().host).toBe(SECOND);
  });

  test('no connection is made to a server before its turn has come', async () => {
    const overTcp = { ...zone, srv: { '_sip._tcp.carrier.example': zone.srv['_sip._udp.carrier.example'] } };
    const { h } = await dialled({ targets: ['sip:carrier.example;transport=tcp'] }, new FakeDns(overTcp));
    await lookedUp();
    expect(h.tcp.opened.map(({ remote }) => remote)).toEqual([{ address: FIRST, port: 5061 }]);
    h.tcp.opened[0]?.break();
    expect(h.tcp.opened.map(({ remote }) => remote.address)).toEqual([FIRST, SECOND]);
  });

  test('a name that leads nowhere makes way for the next target', async () => {
    const dns = new FakeDns(zone);
    const { h, next } = await dialled({ targets: ['sip:+4420@gone.example', `sip:${SECOND}`] }, dns);
    await lookedUp();
    expect(next().host).toBe(SECOND);
    expect(h.warnings).toEqual([{ name: 'gone.example' }]);
    expect(dns.asked).toContain('SRV _sip._udp.gone.example');
  });

  test.each<[string, (call: Awaited<ReturnType<typeof dialled>>) => void]>([
    ['refuses', ({ next, reply }) => reply(next(), 503, { toTag: 'x' })],
    ['is heard, and refuses later', ({ next, reply }) => reply(next(), 100)],
  ])('it is the next also where the silent one before it %s while its name is looked up', async (_, speak) => {
    const dns = new SlowDns(zone);
    const call = await dialled({ targets: ['sip:192.0.2.44', 'sip:carrier.example'] }, dns);
    const first = call.next();
    call.h.clock.advance(4_000);
    speak({ ...call, next: () => first });
    dns.answer();
    await lookedUp();
    call.reply(first, 503, { toTag: 'x' });
    expect(call.events).toEqual([]);
    expect(call.next().host).toBe(FIRST);
  });

  test('its servers are not called where the silent one before it redirects meanwhile', async () => {
    const dns = new SlowDns(zone);
    const targets = [`sip:${SECOND}`, 'sip:carrier.example'];
    const { h, next, reply, methods } = await dialled({ targets, mayFollow: () => true }, dns);
    const first = next();
    h.clock.advance(4_000);
    reply(first, 302, { toTag: 'x', extra: ['Contact: <sip:a@10.0.0.1>'] });
    const moved = next();
    expect(moved.host).toBe('10.0.0.1');
    dns.answer();
    await lookedUp();
    reply(moved, 503, { toTag: 'y' });
    await lookedUp();
    expect(methods()).toEqual(['ACK 10.0.0.1']);
  });

  test('whoever hangs up while it is looked up sends nothing', async () => {
    const { leg, methods, events } = await dialled({ targets: ['sip:carrier.example'] }, new FakeDns(zone));
    leg.hangUp();
    await lookedUp();
    expect([methods(), events.length]).toEqual([[], 1]);
  });

  test('a name out of a redirection is asked no service records', async () => {
    const dns = new FakeDns(zone);
    const { next, reply } = await dialled({ targets: [`sip:${FIRST}`], mayFollow: () => true }, dns);
    reply(next(), 302, { toTag: 'x', extra: ['Contact: <sip:a@carrier.example>'] });
    await lookedUp();
    expect(dns.asked).toEqual([]);
  });
});

describe('redirection', () => {
  const moved = (...contacts: string[]) => ({ toTag: 'x', extra: [`Contact: ${contacts.join(', ')}`] });

  test('not followed unless somebody allows it', async () => {
    const { next, reply, methods, events } = await dialled({ targets, mayFollow: (uri) => uri.includes('@10.') });
    reply(next(), 302, moved('<sip:+900@203.0.113.66>'));
    expect(methods()).toEqual([`ACK ${FIRST}`]);
    expect(events).toMatchObject([{ type: 'ended', end: { by: 'peer', status: 302 } }]);
  });

  test('followed where it may be, the best contact first, and not for ever', async () => {
    const { next, reply, methods, events } = await dialled({ targets, mayFollow: (uri) => uri.includes('@10.') });
    reply(next(), 302, moved('<sip:a@10.0.0.1>;q=0.2', '<sip:evil@203.0.113.66>', '<sip:b@10.0.0.2>;q=0.7'));
    const second = next();
    expect([second.host, second.uri, second.headers.get('To')]).toEqual([
      '10.0.0.2',
      'sip:b@10.0.0.2',
      '<sip:+4420@trunk.example>',
    ]);
    reply(second, 302, moved('<sip:c@10.0.0.3>'));
    for (let index = 0; index < 3; index += 1) reply(next(), 302, moved('<sip:c@10.0.0.3>'));
    reply(next(), 302, moved('<sip:c@10.0.0.3>'));
    expect(methods()).toEqual(['ACK 10.0.0.3']);
    expect(events).toMatchObject([{ type: 'ended', end: { status: 302 } }]);
  });
});

test('nothing is left behind when a call over trunks has failed', async () => {
  const { h, next, reply, events } = await dialled({ targets, auth: { user: 'a', password: 'b' } });
  reply(next(), 407, challenge());
  reply(next(), 503, { toTag: 'x' });
  const last = next();
  expect(tagOf(last.headers.get('From'))).toBeDefined();
  reply(last, 486, { toTag: 'x' });
  h.clock.advance(64_000);
  expect(events).toHaveLength(1);
  expect(h.clock.pendingTimers).toBe(0);
});

describe('a callee at another address than the one that was called, and not on the allow-list', () => {
  const OTHER = { address: '203.0.113.7', port: 5062 };
  const fromOther = (request: SipRequest, method: string, cseq = 1) =>
    requestText({
      ...{ method, cseq, via: `UDP 203.0.113.7:5062;branch=z9hG4bK-${method}-${cseq};rport` },
      ...{ from: '<sip:bob@trunk.example>;tag=bob', to: request.headers.get('From') ?? '' },
      callId: request.headers.get('Call-ID') ?? '',
    });

  test('speaks in the call from its Contact: its BYE ends it, and its answer to ours is heard', async () => {
    const h = await createHarness({ options: { allow: ['192.0.2.0/24'] } });
    const { events, leg } = h.dial({ uri: 'sip:+4420@trunk.example', targets });
    const [invite] = h.udp.takeRequests();
    if (invite === undefined) throw new Error('no INVITE');
    const contact = ['Contact: <sip:bob@203.0.113.7:5062>'];
    h.udp.receive(OTHER, fromOther(invite, 'OPTIONS'));
    expect(h.statuses()).toEqual([]);
    h.udp.receive({ address: FIRST, port: 5060 }, responseText(invite, { ...answer, status: 200, extra: contact }));
    expect(h.udp.take().map(({ to }) => to)).toEqual([OTHER]);
    h.udp.receive(OTHER, fromOther(invite, 'OPTIONS', 2));
    expect(h.statuses()).toEqual([200]);
    leg.hangUp();
    const [bye] = h.udp.takeRequests();
    if (bye === undefined) throw new Error('no BYE');
    h.udp.receive(OTHER, responseText(bye, { status: 200 }));
    h.clock.advance(10_000);
    expect(h.udp.take()).toEqual([]);
    await settle();
    expect(events.at(-1)).toMatchObject({ type: 'ended', end: { by: 'local' } });
  });

  test('may begin no call of its own', async () => {
    const h = await createHarness({ options: { allow: ['192.0.2.0/24'] } });
    h.dial({ uri: 'sip:+4420@203.0.113.7:5062' });
    h.udp.take();
    h.udp.receive(OTHER, requestText({ method: 'INVITE', via: 'UDP 203.0.113.7:5062;branch=z9hG4bK-new;rport' }));
    expect([h.udp.take(), h.legs]).toEqual([[], []]);
  });
});
