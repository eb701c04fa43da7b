import { describe, expect, test } from 'vitest';
import { parseAuthHeader } from '../../../src/signaling/digest/auth-header.js';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import { createHarness, establishedCall, type Harness, PEER } from '../../support/embedded-harness.js';
import { PeerDialog } from '../../support/peer-dialog.js';
import { type RequestText, requestText, responseText, SDP, tagOf } from '../../support/sip-text.js';

/** Requests of ours inside a dialog that are asked who sends them (RFC 3261 section 22). */

const auth = { user: 'alice', password: 'secret' };
const CHALLENGE = ['Proxy-Authenticate: Digest realm="trunk", nonce="n1", algorithm=SHA-256, qop="auth"'];

const cseq = (request: SipRequest): string => request.headers.get('CSeq') ?? '';

function credentialsOf(request: SipRequest): ReadonlyMap<string, string> {
  return parseAuthHeader(request.headers.get('Proxy-Authorization') ?? '')?.params ?? new Map();
}

const extra = ['Supported: timer', 'Allow: INVITE, ACK, BYE, UPDATE', 'Session-Expires: 120;refresher=uac'];

/** What a request of each kind is brought about by. */
const causes: readonly (readonly [method: string, cause: (call: PeerDialog) => void])[] = [
  ['UPDATE', ({ h }) => h.clock.advance(60_000)],
  ['REFER', ({ leg }) => leg.refer({ uri: 'sip:carol@192.0.2.7' })],
  ['INVITE', ({ leg }) => leg.reoffer('hold')],
  ['INFO', ({ leg }) => leg.sendDigit('5', 100)],
  ['BYE', ({ leg }) => leg.hangUp()],
];

test.each(causes)('%s: a 407 is answered in the same dialog, and once', async (method, cause) => {
  const call = await PeerDialog.establish({ direction: 'outbound', request: { auth }, extra });
  cause(call);
  const first = call.takeRequest();
  expect([first.method, credentialsOf(first).size]).toEqual([method, 0]);
  call.respond(first, 407, { extra: CHALLENGE });
  const again = call
    .take()
    .flatMap(({ message }) => (message.kind === 'request' ? [message] : []))
    .at(-1);
  if (again === undefined) throw new Error('not sent again');
  expect([again.method, Number.parseInt(cseq(again), 10) - Number.parseInt(cseq(first), 10)]).toEqual([method, 1]);
  expect([credentialsOf(again).get('realm'), credentialsOf(again).get('username')]).toEqual(['trunk', 'alice']);
  expect(again.headers.get('To')).toBe(first.headers.get('To'));
  // The same challenge again: our answer was seen and not taken.
  call.respond(again, 407, { extra: CHALLENGE });
  expect(call.seen().filter((seen) => seen === method)).toEqual([]);
});

test.each(causes)('%s: without credentials the 407 stands', async (method, cause) => {
  const call = await PeerDialog.establish({ direction: 'outbound', extra });
  cause(call);
  call.respond(call.takeRequest(), 407, { extra: CHALLENGE });
  expect(call.seen().filter((seen) => seen === method)).toEqual([]);
});

test('a refresh that is let through with credentials refreshes the session', async () => {
  const call = await PeerDialog.establish({ direction: 'outbound', request: { auth }, extra });
  call.h.clock.advance(60_000);
  call.respond(call.takeRequest(), 407, { extra: CHALLENGE });
  call.respond(call.takeRequest(), 200, { extra: ['Session-Expires: 120;refresher=uac'] });
  call.h.clock.advance(60_000);
  const next = call.takeRequest();
  expect([next.method, credentialsOf(next).get('nc')]).toEqual(['UPDATE', '00000002']);
});

test('PRACK: a 407 is answered with the RAck of the first', async () => {
  const h = await createHarness();
  h.dial({ auth });
  const [invite] = h.udp.takeRequests();
  if (invite === undefined) throw new Error('no INVITE');
  const reliable = ['Require: 100rel', 'RSeq: 7', 'Contact: <sip:peer@192.0.2.9:5075>'];
  h.udp.receive(PEER, responseText(invite, { status: 183, toTag: 'peer', body: SDP, extra: reliable }));
  const [prack] = h.udp.takeRequests();
  if (prack === undefined) throw new Error('no PRACK');
  h.udp.receive(PEER, responseText(prack, { status: 407, extra: CHALLENGE }));
  const [again, ...more] = h.udp.takeRequests();
  if (again === undefined) throw new Error('not sent again');
  expect([again.method, cseq(again), again.headers.get('RAck')]).toEqual(['PRACK', '3 PRACK', '7 1 INVITE']);
  expect(credentialsOf(again).get('realm')).toBe('trunk');
  expect(more).toEqual([]);
});

test.each(['server', 'proxy'] as const)(
  'the next nonce that a 2xx of the %s names is used at once',
  async (challenger) => {
    const [challenge, info] =
      challenger === 'proxy'
        ? [CHALLENGE, 'Proxy-Authentication-Info: nextnonce="n2", qop=auth']
        : [CHALLENGE.map((line) => line.replace('Proxy-', 'WWW-')), 'Authentication-Info: qop=auth, nextnonce="n2"'];
    const call = await PeerDialog.establish({ direction: 'outbound', request: { auth }, extra });
    const key = (request: SipRequest) => {
      const name = challenger === 'proxy' ? 'Proxy-Authorization' : 'Authorization';
      const params = parseAuthHeader(request.headers.get(name) ?? '')?.params;
      return [params?.get('nonce'), params?.get('nc')];
    };
    call.leg.sendDigit('5', 100);
    call.respond(call.takeRequest(), challenger === 'proxy' ? 407 : 401, { extra: challenge });
    const answered = call.takeRequest();
    expect(key(answered)).toEqual(['n1', '00000001']);
    call.respond(answered, 200, { extra: [info] });
    call.leg.sendDigit('6', 100);
    expect(key(call.takeRequest())).toEqual(['n2', '00000001']);
  },
);

describe('a call to our extension', () => {
  const register = [
    { registrar: 'sip:192.0.2.9:5070', user: '2000', password: 'secret', authUser: 'alice', expiresSeconds: 600 },
  ];
  const byeOf = (h: Harness) => {
    const [bye, ...more] = h.udp.takeRequests();
    if (bye?.method !== 'BYE' || more.length > 0) throw new Error('no BYE');
    return bye;
  };

  /** Registered; the registrar has called. */
  async function called(more: Partial<RequestText> = {}) {
    const h = await createHarness({ options: { register, keepAliveSeconds: 0 } });
    const [first] = h.udp.takeRequests();
    if (first === undefined) throw new Error('no REGISTER');
    h.udp.receive(PEER, responseText(first, { status: 200, toTag: 'pbx' }));
    establishedCall(h, more);
    h.udp.take();
    return h;
  }

  test.each([
    ['by its name', {}],
    ['by a number that leads to it', { uri: 'sip:+4420@192.0.2.1' }],
  ])('%s is ended with its password where the registrar asks for that', async (_, more) => {
    const h = await called(more);
    h.leg().hangUp();
    const first = byeOf(h);
    expect(credentialsOf(first).size).toBe(0);
    h.udp.receive(PEER, responseText(first, { status: 407, extra: CHALLENGE }));
    const again = byeOf(h);
    expect([credentialsOf(again).get('username'), cseq(again)]).toEqual(['alice', '2 BYE']);
  });

  test('that went past the registrar to its caller is not: a caller could guess at a password whose answer it sees', async () => {
    const mallory = { address: '192.0.2.66', port: 5066 };
    const h = await called({ contact: `<sip:mallory@${mallory.address}:${mallory.port}>` });
    h.leg().hangUp();
    const [sent] = h.udp.take();
    if (sent?.message.kind !== 'request') throw new Error('no BYE');
    expect(sent.to).toEqual(mallory);
    h.udp.receive(mallory, responseText(sent.message, { status: 407, extra: CHALLENGE }));
    expect(h.udp.takeRequests()).toEqual([]);
  });

  test('from anywhere else is not: nobody but the registrar sees an answer made with the password', async () => {
    const h = await createHarness({ options: { register, keepAliveSeconds: 0 } });
    const [first] = h.udp.takeRequests();
    if (first === undefined) throw new Error('no REGISTER');
    h.udp.receive(PEER, responseText(first, { status: 200, toTag: 'pbx' }));
    const other = { address: '192.0.2.10', port: 5070 };
    h.udp.receive(other, requestText({ method: 'INVITE', body: SDP }));
    const [accepted] = h.udp.takeResponses().slice(-1);
    const to = `<sip:2000@192.0.2.1>;tag=${tagOf(accepted?.headers.get('To'))}`;
    h.udp.receive(other, requestText({ method: 'ACK', to }));
    h.leg().hangUp();
    h.udp.receive(other, responseText(byeOf(h), { status: 407, extra: CHALLENGE }));
    expect(h.udp.takeRequests()).toEqual([]);
  });
});
