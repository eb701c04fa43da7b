import { beforeEach, expect, it } from 'vitest';
import type { InboundLeg, LegEvent } from '../../../src/signaling/port.js';
import type { FakeOpensips } from '../../fakes/opensips/fake-opensips.js';
import type { FakeSession } from '../../fakes/opensips/sessions.js';
import { ANSWER, OFFER, openOpensipsScene, watch } from '../../support/opensips-harness.js';

let opensips: FakeOpensips;
let session: FakeSession;
let leg: InboundLeg;
let first: ReturnType<typeof watch>['first'];
let events: LegEvent[];

beforeEach(async () => {
  const scene = await openOpensipsScene();
  opensips = scene.opensips;
  session = opensips.invite({ body: OFFER });
  leg = await scene.nextLeg();
  ({ first, events } = watch(leg));
  leg.accept(ANSWER);
  await first('acked');
});

it('a digit by INFO is taken and answered', async () => {
  opensips.request(session, 'INFO', 'Signal=5\r\nDuration=160\r\n', 'Content-Type: application/dtmf-relay\r\n');
  expect(await first('digit')).toEqual({ type: 'digit', digit: '5', durationMs: 160 });
  await opensips.response(session, 'INFO', 200);
});

it.each([
  ['INFO', 'x', 'Content-Type: text/x\r\n', 415],
  ['OPTIONS', '', '', 200],
  ['UPDATE', '', '', 200],
  ['MESSAGE', 'hello', 'Content-Type: text/plain\r\n', 405],
  ['REFER', '', 'Refer-To: <sip:x@example.com>\r\n', 603],
  ['NOTIFY', '', 'Event: presence\r\n', 489],
  ['SUBSCRIBE', '', '', 405],
  ['FOO', '', '', 501],
  ['INVITE', OFFER, 'Content-Type: application/sdp\r\nRequire: x-new\r\n', 420],
  ['INFO', '', 'Require: 100rel\r\n', 420],
  ['INVITE', OFFER, 'Content-Type: application/sdp\r\nAccept: text/plain\r\n', 406],
  ['OPTIONS', '', 'Replaces: a;to-tag=b;from-tag=c\r\n', 400],
])('%s is answered', async (method, body, headers, status) => {
  opensips.request(session, method, body, headers);
  await opensips.response(session, method, status);
});

it('OPTIONS tells what can be done: no reliable provisional responses', async () => {
  opensips.request(session, 'OPTIONS');
  const { headers } = await opensips.response(session, 'OPTIONS', 200);
  expect(headers).toMatch(/Supported: timer\r\n/);
});

it('a CSeq below the last gets 500', async () => {
  const event = { type: 'UPDATED', method: 'INFO' };
  opensips.request(session, 'OPTIONS');
  await opensips.response(session, 'OPTIONS', 200);
  session.uasMethod = 'INFO';
  opensips.raise(session, { ...event, headers: 'CSeq: 1 INFO\r\n' });
  await opensips.response(session, 'INFO', 500);
});

it.each(['INVITE', 'UPDATE'])('the session timer of a refresh by %s is agreed to in its 200', async (method) => {
  const timer = 'Supported: timer\r\nSession-Expires: 300;refresher=uac\r\n';
  const update = method === 'UPDATE';
  opensips.request(
    session,
    method,
    update ? '' : OFFER,
    `${update ? '' : 'Content-Type: application/sdp\r\n'}${timer}`,
  );
  if (!update) (await first('offer')).reply.accept(ANSWER);
  const agreed = 'Session-Expires: 300;refresher=uac\r\n';
  await opensips.seen((wire) => wire.type === 'response' && wire.method === method && wire.headers.includes(agreed));
  opensips.request(session, 'UPDATE', '', timer.replace('300', '30'));
  await opensips.response(session, 'UPDATE', 422);
});

it.each(['INVITE', 'UPDATE'])('an offer by %s is answered', async (method) => {
  opensips.request(session, method, OFFER);
  const { sdp, reply } = await first('offer');
  expect(sdp).toBe(OFFER);
  reply.accept(ANSWER);
  expect(await opensips.response(session, method, 200)).toMatchObject({ body: ANSWER });
});

it('an offer that nobody answers gets 500, one that does not fit 488, and the call goes on', async () => {
  opensips.request(session, 'INVITE', OFFER);
  await first('offer');
  await opensips.response(session, 'INVITE', 500);
  events.length = 0;
  opensips.request(session, 'INVITE', OFFER);
  (await first('offer')).reply.reject(488);
  await opensips.response(session, 'INVITE', 488);
  opensips.request(session, 'OPTIONS');
  await opensips.response(session, 'OPTIONS', 200);
});

it('hold by a re-INVITE of ours, acknowledged; one that collides is made again', async () => {
  leg.reoffer(OFFER);
  expect(await opensips.outgoing(session.key, 'INVITE')).toMatchObject({ body: OFFER });
  opensips.wire.length = 0;
  opensips.respond(session, 'INVITE', 491);
  await opensips.outgoing(session.key, 'INVITE');
  opensips.respond(session, 'INVITE', 200, ANSWER);
  expect(await first('reoffered')).toEqual({ type: 'reoffered', status: 200, sdp: ANSWER });
  await opensips.outgoing(session.key, 'ACK');
});

it('a re-INVITE of ours keeps the session timer, as long as the peer does', async () => {
  const agreed = 'Supported: timer\r\nSession-Expires: 300;refresher=uac\r\n';
  const asked = 'Supported: timer\r\nSession-Expires: 300;refresher=uas\r\nMin-SE: 90\r\n';
  opensips.request(session, 'UPDATE', '', agreed);
  await opensips.response(session, 'UPDATE', 200);
  const reoffer = async (answerHeaders: string) => {
    opensips.wire.length = 0;
    events.length = 0;
    leg.reoffer(OFFER);
    const invite = await opensips.outgoing(session.key, 'INVITE');
    opensips.respond(session, 'INVITE', 200, ANSWER, answerHeaders);
    await first('reoffered');
    return invite.headers;
  };
  expect(await reoffer('Session-Expires: 300;refresher=uas\r\n')).toContain(asked);
  expect(await reoffer('')).toContain(asked);
  // It has let the timer go: nothing ends the call any more, and nothing is asked for.
  expect(await reoffer('')).not.toContain('Session-Expires');
});

it('a transfer is followed to its result', async () => {
  leg.refer({ uri: 'sip:desk@example.com' });
  const refer = await opensips.outgoing(session.key, 'REFER');
  const about = 'Refer-To: <sip:desk@example.com>\r\nReferred-By: <sip:1000@127.0.0.1>\r\n';
  expect(refer.headers).toBe(`${about}Supported: timer\r\n`);
  opensips.respond(session, 'REFER', 202);
  const sipfrag = 'Event: refer\r\nContent-Type: message/sipfrag\r\nSubscription-State: ';
  opensips.request(session, 'NOTIFY', 'SIP/2.0 100 Trying\r\n', `${sipfrag}active\r\n`);
  await opensips.response(session, 'NOTIFY', 200);
  opensips.wire.length = 0;
  opensips.request(session, 'NOTIFY', 'SIP/2.0 486 Busy Here\r\n', `${sipfrag}terminated;reason=noresource\r\n`);
  await opensips.response(session, 'NOTIFY', 200);
  expect(events.filter(({ type }) => type === 'transfer').at(-1)).toEqual({
    type: 'transfer',
    status: 486,
    final: true,
  });
  expect(events.some(({ type }) => type === 'ended')).toBe(false);
});

it.each(['refer', 'refer;id=7'])(
  'a NOTIFY of a transfer that is told of before its 202 gets 200 (Event: %s)',
  async (event) => {
    leg.refer({ uri: 'sip:desk@example.com' });
    await opensips.outgoing(session.key, 'REFER');
    const sipfrag = `Event: ${event}\r\nContent-Type: message/sipfrag\r\nSubscription-State: `;
    opensips.request(session, 'NOTIFY', 'SIP/2.0 100 Trying\r\n', `${sipfrag}active\r\n`);
    await opensips.response(session, 'NOTIFY', 200);
    opensips.respond(session, 'REFER', 202);
    opensips.wire.length = 0;
    opensips.request(session, 'NOTIFY', 'SIP/2.0 486 Busy Here\r\n', `${sipfrag}terminated;reason=noresource\r\n`);
    await opensips.response(session, 'NOTIFY', 200);
    const told = events.filter(({ type }) => type === 'transfer');
    expect(told.at(-1)).toEqual({ type: 'transfer', status: 486, final: true });
  },
);

it('a digit of ours leaves by INFO', async () => {
  leg.sendDigit('5', 100);
  expect(await opensips.outgoing(session.key, 'INFO')).toMatchObject({
    body: 'Signal=5\r\nDuration=100\r\n',
    headers: 'Content-Type: application/dtmf-relay\r\nSupported: timer\r\n',
  });
});

it('a peer that answers a digit with 481 does not know the dialog any more: the call is over', async () => {
  leg.sendDigit('5', 100);
  await opensips.outgoing(session.key, 'INFO');
  opensips.respond(session, 'INFO', 481);
  expect((await first('ended')).end).toMatchObject({ by: 'peer', status: 481 });
  await expect.poll(() => opensips.sessions.get(session.key)).toBeUndefined();
});
