import { expect, it } from 'vitest';
import { readExtraParams } from '../../../src/signaling/opensips/extra-params.js';
import type { FakeSession } from '../../fakes/opensips/sessions.js';
import { eventLoopTurns } from '../../support/event-loop-turns.js';
import { FakeClock } from '../../support/fake-clock.js';
import { ANSWER, OFFER, type OpensipsScene, openOpensipsScene, watch } from '../../support/opensips-harness.js';

async function answered(scene: OpensipsScene, session: FakeSession) {
  const leg = await scene.nextLeg();
  const { events, first } = watch(leg);
  leg.accept(ANSWER);
  await first('acked');
  return { leg, events, first, session };
}

it('a call is rung, answered once, and its ACK is found out where the script does not tell of it', async () => {
  const scene = await openOpensipsScene();
  const session = scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  expect(leg.invite).toMatchObject({ toUser: '1000', fromUser: '+44123', requestUser: '', sdp: OFFER });
  leg.ring(180);
  leg.accept(ANSWER);
  leg.accept(ANSWER);
  expect(await first('acked')).toEqual({ type: 'acked', sdp: undefined });
  const responses = scene.opensips.wire.filter((wire) => wire.type === 'response');
  expect(responses.map((wire) => wire.status)).toEqual([180, 200]);
  expect(responses[1]).toMatchObject({ key: session.key, body: ANSWER, phrase: 'OK' });
  expect(scene.opensips.commands.filter(({ params }) => params['code'] === 200)).toHaveLength(1);
});

it.each([
  ['wss:192.0.2.7:40000', { protocol: 'wss', address: '192.0.2.7', port: 40_000 }],
  ['TLS:[2001:db8::7]:5061', { protocol: 'tls', address: '2001:db8::7', port: 5061 }],
  ['udp:2001:db8::7:5060', { protocol: 'udp', address: '2001:db8::7', port: 5060 }],
  ['sctp:192.0.2.7:5060', undefined],
  ['udp:example.com:5060', undefined],
  ['udp:192.0.2.7:70000', undefined],
  ['constructor:192.0.2.7:1', undefined],
])('the source %s of a script is read', (source, read) => {
  expect(readExtraParams(JSON.stringify({ source })).source).toEqual(read);
});

it('the Request-URI and the source are those that the script gives', async () => {
  const scene = await openOpensipsScene();
  const extraParams = '{"requestUri":"sip:2000@example.com","source":"tcp:192.0.2.7:5062","flavor":"echo"}';
  scene.opensips.invite({ body: OFFER, extraParams });
  const { invite } = await scene.nextLeg();
  expect(invite).toMatchObject({ requestUser: '2000', source: { protocol: 'tcp', address: '192.0.2.7' }, extraParams });
});

it('a refused session is not left with OpenSIPS', async () => {
  const scene = await openOpensipsScene();
  const session = scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  leg.reject(503, { retryAfterSeconds: 10 });
  expect(await first('ended')).toMatchObject({ end: { by: 'local', status: 503 } });
  expect(await scene.opensips.response(session, 'INVITE', 503)).toMatchObject({ headers: 'Retry-After: 10\r\n' });
  await scene.driver[Symbol.asyncDispose]();
  expect(scene.opensips.sessions.size).toBe(0);
});

it('an offer by UPDATE while the INVITE waits for its answer gets 500; one that offers nothing 200', async () => {
  const { opensips, nextLeg } = await openOpensipsScene();
  const session = opensips.invite({ body: OFFER });
  const leg = await nextLeg();
  const { events, first } = watch(leg);
  leg.ring(180);
  opensips.request(session, 'UPDATE', OFFER);
  expect(await opensips.response(session, 'UPDATE', 500)).toMatchObject({
    headers: expect.stringMatching(/Retry-After/),
  });
  opensips.request(session, 'UPDATE');
  await opensips.response(session, 'UPDATE', 200);
  leg.accept(ANSWER);
  await first('acked');
  expect(events.map(({ type }) => type)).toEqual(['acked']);
});

it('an offer by UPDATE while our own waits for its answer in the ACK gets 491', async () => {
  const { opensips, nextLeg } = await openOpensipsScene({}, (prepared) => {
    prepared.reportsAcks = true;
    prepared.peerAcks = false;
  });
  const session = opensips.invite({ body: '' });
  const leg = await nextLeg();
  leg.accept(OFFER);
  await opensips.response(session, 'INVITE', 200);
  opensips.request(session, 'UPDATE', OFFER);
  await opensips.response(session, 'UPDATE', 491);
});

it('CANCEL is told from BYE: the INVITE gets its 487', async () => {
  const scene = await openOpensipsScene();
  const session = scene.opensips.invite({ body: OFFER });
  const { first } = watch(await scene.nextLeg());
  scene.opensips.cancel(session, 'Reason: SIP;cause=200\r\n');
  expect(await first('ended')).toMatchObject({ end: { by: 'peer', status: 487, text: 'SIP;cause=200' } });
  await scene.opensips.response(session, 'INVITE', 487);
});

it.each([
  ['as its Expires says', 'Expires: 130\r\n', 130_000, { by: 'peer', status: 487 }],
  ['after three minutes', '', 180_000, { by: 'local', status: 480 }],
])('an INVITE that nobody answers rings on every minute and is given up %s', async (_when, headers, afterMs, end) => {
  const clock = new FakeClock();
  const { opensips, nextLeg } = await openOpensipsScene({}, () => {}, clock);
  const session = opensips.invite({ body: OFFER, headers });
  const leg = await nextLeg();
  const { events, first } = watch(leg);
  leg.ring(180);
  await clock.advanceAsync(afterMs - 1, 10_000);
  expect(events).toEqual([]);
  clock.advance(1);
  expect(await first('ended')).toMatchObject({ end });
  await opensips.response(session, 'INVITE', end.status);
  const rings = opensips.wire.filter((wire) => wire.type === 'response' && wire.status === 180);
  expect(rings).toHaveLength(1 + Math.floor((afterMs - 1) / 60_000));
});

it('a BYE before the answer ends the call, and OpenSIPS answers both itself', async () => {
  const { opensips, nextLeg } = await openOpensipsScene({}, () => {}, new FakeClock());
  const session = opensips.invite({ body: OFFER });
  const leg = await nextLeg();
  const { first } = watch(leg);
  opensips.bye(session, 'Reason: SIP;cause=200\r\n');
  expect(await first('ended')).toMatchObject({ end: { by: 'peer', status: 487, text: 'SIP;cause=200' } });
  leg.accept(ANSWER);
  leg.hangUp();
  await eventLoopTurns(20);
  expect(opensips.commands.filter(({ params }) => params['key'] === session.key)).toEqual([]);
});

it('a CANCEL that crosses the 200 ends the call: OpenSIPS would tell of no BYE', async () => {
  const scene = await openOpensipsScene({}, (opensips) => {
    opensips.peerAcks = false;
  });
  const session = scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { events, first } = watch(leg);
  leg.accept(ANSWER);
  await scene.opensips.response(session, 'INVITE', 200);
  scene.opensips.cancel(session, 'Reason: SIP;cause=200\r\n');
  scene.opensips.ack(session);
  scene.opensips.bye(session);
  expect(await first('ended')).toMatchObject({ end: { by: 'peer', status: 0, text: 'SIP;cause=200' } });
  await scene.driver[Symbol.asyncDispose]();
  expect(events.filter(({ type }) => type === 'ended')).toHaveLength(1);
  expect(scene.opensips.wire.some((wire) => wire.method === 'BYE' || wire.type === 'request')).toBe(false);
});

it('a BYE of the peer ends the call, and nothing is sent for it', async () => {
  const scene = await openOpensipsScene();
  const call = await answered(scene, scene.opensips.invite({ body: OFFER }));
  scene.opensips.bye(call.session, 'Reason: Q.850;cause=16\r\n');
  expect(await call.first('ended')).toMatchObject({ end: { by: 'peer', text: 'Q.850;cause=16' } });
  expect(scene.opensips.wire.some((wire) => wire.type === 'request')).toBe(false);
});

it('we hang up with a Reason that arrives, and OpenSIPS forgets the session', async () => {
  const scene = await openOpensipsScene();
  const call = await answered(scene, scene.opensips.invite({ body: OFFER }));
  call.leg.hangUp({ reason: 'SIP;cause=200;text="normal"', headers: new Map([['X-Why', 'done']]) });
  expect(await call.first('ended')).toMatchObject({ end: { by: 'local' } });
  const bye = await scene.opensips.outgoing(call.session.key, 'BYE');
  expect(bye.headers).toBe('Reason: SIP;cause=200;text="normal"\r\nX-Why: done\r\nSupported: timer\r\n');
  scene.opensips.respond(call.session, 'BYE', 200);
  await scene.opensips.until(() => scene.opensips.sessions.size === 0);
});

it('hanging up waits for the ACK', async () => {
  const scene = await openOpensipsScene({}, (opensips) => {
    opensips.peerAcks = false;
    opensips.reportsAcks = true;
  });
  const session = scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  leg.accept(ANSWER);
  await scene.opensips.response(session, 'INVITE', 200);
  await eventLoopTurns(20);
  leg.hangUp({ reason: 'SIP;cause=200' });
  expect(scene.opensips.wire.some((wire) => wire.type === 'request')).toBe(false);
  scene.opensips.ack(session);
  await first('acked');
  await scene.opensips.outgoing(session.key, 'BYE');
});

it('hanging up waits for the ACK, also where a re-INVITE of the peer is heard of before it', async () => {
  const scene = await openOpensipsScene({}, (opensips) => {
    opensips.peerAcks = false;
    opensips.reportsAcks = true;
    opensips.faults.loseRequest = (method) => method === 'ua_session_list';
  });
  const session = scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  leg.accept(ANSWER);
  await scene.opensips.response(session, 'INVITE', 200);
  await eventLoopTurns(20);
  leg.hangUp();
  scene.opensips.request(session, 'INVITE', OFFER);
  (await first('offer')).reply.accept(ANSWER);
  await scene.opensips.until(() => scene.opensips.wire.filter((wire) => wire.type === 'response').length === 2);
  scene.opensips.ack(session);
  await first('ended');
  await scene.opensips.outgoing(session.key, 'BYE');
});

it('the ACK of the 2xx before it, heard of late, is no answer to our offer', async () => {
  const { opensips, nextLeg } = await openOpensipsScene({}, (prepared) => {
    prepared.peerAcks = false;
    prepared.reportsAcks = true;
    prepared.faults.loseRequest = (method) => method === 'ua_session_list';
  });
  const session = opensips.invite({ body: OFFER });
  const leg = await nextLeg();
  const { events, first } = watch(leg);
  leg.accept(ANSWER);
  await opensips.response(session, 'INVITE', 200);
  await eventLoopTurns(20);
  const cseq = 2 + opensips.commands.length;
  opensips.request(session, 'INVITE', '', '');
  (await first('offer')).reply.accept(OFFER);
  await opensips.until(() => opensips.wire.filter((wire) => wire.type === 'response').length === 2);
  const ack = { type: 'UPDATED', method: 'ACK' };
  opensips.raise(session, { ...ack, headers: 'CSeq: 1 ACK\r\n' });
  opensips.raise(session, { ...ack, headers: `CSeq: ${cseq} ACK\r\nContent-Type: application/sdp\r\n`, body: ANSWER });
  await first('acked');
  expect(events.filter(({ type }) => type === 'acked')).toEqual([{ type: 'acked', sdp: ANSWER }]);
});

it('late offer: the answer is in the event of the ACK, where the script has flag a', async () => {
  const scene = await openOpensipsScene({}, (opensips) => {
    opensips.peerAcks = false;
    opensips.reportsAcks = true;
  });
  const session = scene.opensips.invite();
  const leg = await scene.nextLeg();
  expect(leg.invite.sdp).toBeUndefined();
  const { first } = watch(leg);
  leg.accept(OFFER);
  await scene.opensips.response(session, 'INVITE', 200);
  await eventLoopTurns(20);
  scene.opensips.ack(session, ANSWER);
  expect(await first('acked')).toEqual({ type: 'acked', sdp: ANSWER });
});

it('late offer: the event of the ACK may be there before OpenSIPS has said that it took the 2xx', async () => {
  const scene = await openOpensipsScene({}, (opensips) => {
    opensips.peerAcks = false;
    opensips.reportsAcks = true;
  });
  const session = scene.opensips.invite();
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  let lost = 0;
  scene.opensips.faults.loseAnswer = (method) => {
    if (method !== 'ua_session_reply' || lost > 0) return false;
    lost += 1;
    scene.opensips.ack(session, ANSWER);
    return true;
  };
  leg.accept(OFFER);
  expect(await first('acked')).toEqual({ type: 'acked', sdp: ANSWER });
  expect(lost).toBe(1);
});

it('late offer: without that flag the answer is learnt by offering once more', async () => {
  const scene = await openOpensipsScene();
  const session = scene.opensips.invite();
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  leg.accept(OFFER);
  expect(await scene.opensips.outgoing(session.key, 'INVITE')).toMatchObject({ body: OFFER });
  scene.opensips.respond(session, 'INVITE', 200, ANSWER);
  expect(await first('acked')).toEqual({ type: 'acked', sdp: ANSWER });
  await scene.opensips.outgoing(session.key, 'ACK');
});

it('what an INVITE asks for and nobody can do is refused, and recorded', async () => {
  const scene = await openOpensipsScene();
  const { opensips } = scene;
  const required = opensips.invite({ body: OFFER, headers: 'Require: foo\r\n', callId: 'a' });
  await opensips.response(required, 'INVITE', 420);
  const typed = opensips.invite({ headers: 'Content-Type: text/plain\r\n', body: '', callId: 'b' });
  watch(await scene.nextLeg());
  typed.uasMethod = 'INVITE';
  const first = opensips.invite({ body: OFFER, callId: 'merged' });
  await scene.nextLeg();
  const second = opensips.invite({ body: OFFER, callId: 'merged' });
  await opensips.response(second, 'INVITE', 482);
  expect(scene.refused.map(({ status }) => status)).toEqual([420, 482]);
  expect(first.uasMethod).toBe('INVITE');
});

it('a proxy that goes on to its next target after our refusal, and finds us again, has a call like any other', async () => {
  const scene = await openOpensipsScene();
  const refused = scene.opensips.invite({ body: OFFER, callId: 'hunt' });
  (await scene.nextLeg()).reject(486);
  await scene.opensips.response(refused, 'INVITE', 486);
  const next = scene.opensips.invite({ body: OFFER, callId: 'hunt' });
  (await scene.nextLeg()).accept(ANSWER);
  await scene.opensips.response(next, 'INVITE', 200);
  await scene.opensips.response(scene.opensips.invite({ body: OFFER, callId: 'hunt' }), 'INVITE', 482);
});

it('a session interval below 90 s gets 422 with Min-SE, a longer one is agreed to in the 200', async () => {
  const scene = await openOpensipsScene();
  const timer = (seconds: number) => ({ body: OFFER, headers: `Supported: timer\r\nSession-Expires: ${seconds}\r\n` });
  const brief = scene.opensips.invite(timer(60));
  expect(await scene.opensips.response(brief, 'INVITE', 422)).toMatchObject({ headers: 'Min-SE: 90\r\n' });
  const session = scene.opensips.invite(timer(1800));
  (await scene.nextLeg()).accept(ANSWER);
  const { headers } = await scene.opensips.response(session, 'INVITE', 200);
  expect(headers).toContain('Session-Expires: 1800;refresher=uac\r\n');
  expect(headers).toContain('Require: timer\r\n');
});

it('a caller whose call nobody can handle, or whose listener throws before the answer, gets 500', async () => {
  let broken = true;
  const scene = await openOpensipsScene(
    {},
    () => {},
    undefined,
    () => {
      if (broken) throw new Error('broken');
    },
  );
  await scene.opensips.response(scene.opensips.invite({ body: OFFER, callId: 'a' }), 'INVITE', 500);
  broken = false;
  const session = scene.opensips.invite({ body: OFFER, callId: 'b' });
  const leg = await scene.nextLeg();
  leg.listen(() => {
    throw new Error('broken');
  });
  // Told at once that there is no dialog for it yet.
  leg.reoffer(OFFER);
  await scene.opensips.response(session, 'INVITE', 500);
  // Nobody else is hurt.
  const next = scene.opensips.invite({ body: OFFER, callId: 'c' });
  (await scene.nextLeg()).accept(ANSWER);
  await scene.opensips.response(next, 'INVITE', 200);
});
