import { expect, it } from 'vitest';
import { opensipsDefaults } from '../../../src/signaling/opensips/opensips-options.js';
import { FakeClock } from '../../support/fake-clock.js';
import { ANSWER, OFFER, type OpensipsScene, openOpensipsScene, watch } from '../../support/opensips-harness.js';

const request = { uri: 'sip:callee@example.com', fromUser: '2000', sdp: OFFER } as const;

it('a call of ours is started, answered, and ended by the peer', async () => {
  const scene = await openOpensipsScene({ domain: 'pbx.example.com' });
  const leg = scene.driver.invite({
    ...request,
    fromDisplayName: 'Front desk',
    headers: new Map([['X-Campaign', '7']]),
  });
  const { first } = watch(leg);
  const invite = await scene.opensips.seen((wire) => wire.type === 'request' && wire.method === 'INVITE');
  const start = scene.opensips.commands.find(({ method }) => method === 'ua_session_client_start');
  expect(start?.params).toMatchObject({
    ruri: 'sip:callee@example.com',
    from: '"Front desk",sip:2000@pbx.example.com',
    body: OFFER,
  });
  expect(String(start?.params['extra_headers'])).toContain('X-Campaign: 7\r\n');
  const session = scene.opensips.sessions.get(invite.key);
  if (session === undefined) throw new Error('no session');
  scene.opensips.respond(session, 'INVITE', 183, ANSWER);
  expect(await first('progress')).toEqual({ type: 'progress', status: 183, sdp: ANSWER });
  scene.opensips.respond(session, 'INVITE', 200, ANSWER);
  expect(await first('answered')).toEqual({ type: 'answered', sdp: ANSWER });
  scene.opensips.bye(session);
  expect(await first('ended')).toMatchObject({ end: { by: 'peer' } });
});

it('hold, transfer and digits go to a callee who has answered, and to nobody before', async () => {
  const scene = await openOpensipsScene();
  const { opensips } = scene;
  const leg = scene.driver.invite(request);
  const { events, first } = watch(leg);
  await opensips.until(() => leg.callId !== '');
  const session = opensips.sessions.get(leg.callId);
  if (session === undefined) throw new Error('no session');
  opensips.respond(session, 'INVITE', 183, ANSWER);
  await first('progress');
  events.length = 0;
  leg.reoffer(OFFER);
  leg.refer({ uri: 'sip:desk@example.com' });
  await opensips.until(() => events.length === 2);
  expect(events).toEqual([
    { type: 'reoffered', status: 481, sdp: undefined },
    { type: 'transfer', status: 481, final: true },
  ]);
  events.length = 0;
  opensips.respond(session, 'INVITE', 200, ANSWER);
  await first('answered');
  expect(opensips.wire.map(({ method }) => method)).toEqual(['INVITE']);
  leg.reoffer(OFFER);
  await opensips.until(() => opensips.wire.length === 2);
  opensips.respond(session, 'INVITE', 200, ANSWER);
  expect(await first('reoffered')).toEqual({ type: 'reoffered', status: 200, sdp: ANSWER });
  leg.sendDigit('5', 100);
  await opensips.outgoing(session.key, 'INFO');
  opensips.respond(session, 'INFO', 200);
  leg.refer({ uri: 'sip:desk@example.com' });
  await opensips.outgoing(session.key, 'REFER');
});

it('a callee who refuses is reported with its status', async () => {
  const scene = await openOpensipsScene();
  const { first } = watch(scene.driver.invite(request));
  const { key } = await scene.opensips.seen((wire) => wire.method === 'INVITE');
  const session = scene.opensips.sessions.get(key);
  if (session) scene.opensips.respond(session, 'INVITE', 486);
  expect(await first('ended')).toMatchObject({ end: { by: 'peer', status: 486 } });
});

it('a callee whose phone says nothing at all is told from one who does not answer', async () => {
  const scene = await openOpensipsScene();
  const ends = ['', 'ringing'].map(async (said) => {
    const leg = scene.driver.invite({ ...request, uri: `sip:callee${said}@example.com` });
    const { first } = watch(leg);
    const { key } = await scene.opensips.seen(
      (wire) => wire.method === 'INVITE' && wire.headers.includes(`callee${said}@`),
    );
    await scene.opensips.until(() => leg.callId !== '');
    const session = scene.opensips.sessions.get(key);
    if (session && said !== '') scene.opensips.respond(session, 'INVITE', 180);
    if (session) scene.opensips.timeOut(session);
    return (await first('ended')).end.by;
  });
  expect(await Promise.all(ends)).toEqual(['transport', 'peer']);
});

it('a call given up before its answer is cancelled; a 200 that crosses gets its BYE', async () => {
  const scene = await openOpensipsScene();
  const leg = scene.driver.invite(request);
  const { first } = watch(leg);
  const { key } = await scene.opensips.seen((wire) => wire.method === 'INVITE');
  await scene.opensips.until(() => leg.callId !== '');
  leg.hangUp();
  await scene.opensips.outgoing(key, 'CANCEL');
  const session = scene.opensips.sessions.get(key);
  if (session) scene.opensips.respond(session, 'INVITE', 200, ANSWER);
  await scene.opensips.outgoing(key, 'BYE');
  expect(await first('ended')).toMatchObject({ end: { by: 'local' } });
});

it('a callee who does not answer in time is cancelled, and not waited for where that is not answered either', async () => {
  const clock = new FakeClock();
  const { opensips, driver } = await openOpensipsScene({}, () => {}, clock);
  const leg = driver.invite({ ...request, answerTimeoutMs: 20_000 });
  const { events, first } = watch(leg);
  await opensips.until(() => leg.callId !== '');
  clock.advance(19_999);
  expect(opensips.wire.map(({ method }) => method)).not.toContain('CANCEL');
  clock.advance(1);
  await opensips.outgoing(leg.callId, 'CANCEL');
  expect(events).toEqual([]);
  clock.advance(opensipsDefaults.limits.ack.patienceMs);
  expect(await first('ended')).toMatchObject({ end: { by: 'local' } });
  await opensips.until(() => opensips.sessions.size === 0);
});

it('a cancelled call ends soon though OpenSIPS, which has forgotten it with a 180 after the CANCEL, tells of no 487', async () => {
  const clock = new FakeClock();
  const { opensips, driver } = await openOpensipsScene({}, () => {}, clock);
  const leg = driver.invite(request);
  const { events, first } = watch(leg);
  await opensips.until(() => leg.callId !== '');
  leg.hangUp();
  await opensips.outgoing(leg.callId, 'CANCEL');
  const session = opensips.sessions.get(leg.callId);
  const pass = async (turns: number): Promise<void> => {
    for (let turn = 0; turn < turns && events.length === 0; turn += 1) {
      clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  // The callee takes its time.
  await pass(200);
  expect(events).toEqual([]);
  if (session) opensips.respond(session, 'INVITE', 180);
  await pass(400);
  expect(await first('ended')).toMatchObject({ end: { by: 'local' } });
  expect(opensips.sessions.size).toBe(0);
});

it('a call that OpenSIPS has lost while it rings is over, and its end is not waited for', async () => {
  const clock = new FakeClock();
  const { opensips, driver } = await openOpensipsScene({}, () => {}, clock);
  const leg = driver.invite(request);
  const { events } = watch(leg);
  await opensips.until(() => leg.callId !== '');
  opensips.sessions.delete(leg.callId);
  await clock.advanceAsync(70_000, 1_000);
  expect(events).toMatchObject([{ type: 'ended', end: { by: 'transport' } }]);
});

it('a call whose start was never confirmed is ended when it turns up', async () => {
  const scene = await openOpensipsScene();
  scene.opensips.faults.loseAnswer = (method) => method === 'ua_session_client_start';
  const { first } = watch(scene.driver.invite(request));
  const { key } = await scene.opensips.seen((wire) => wire.method === 'INVITE');
  expect(await first('ended')).toMatchObject({ end: { by: 'transport' } });
  const event = { type: 'EARLY', method: 'INVITE', status: 180 };
  const headers = 'CSeq: 1 INVITE\r\nTo: <sip:callee@example.com>;tag=x\r\nFrom: <sip:2000@127.0.0.1>;tag=y\r\n';
  scene.opensips.raise({ key, entity: 'UAC' }, { ...event, headers });
  await scene.opensips.outgoing(key, 'CANCEL');
});

/** Dials trunks; `next` is the session of the next INVITE of that call. */
function dialTrunk(scene: OpensipsScene, targets: readonly string[]) {
  const leg = scene.driver.invite({ ...request, targets });
  const tried = new Set(['']);
  const next = async () => {
    await scene.opensips.until(() => !tried.has(leg.callId));
    tried.add(leg.callId);
    const session = scene.opensips.sessions.get(leg.callId);
    if (session === undefined) throw new Error('no session');
    return session;
  };
  return { ...watch(leg), next };
}

/** Where INVITEs have gone. */
function targetsOf({ opensips }: OpensipsScene): readonly unknown[] {
  const starts = opensips.commands.filter(({ method }) => method === 'ua_session_client_start');
  return starts.map(({ params }) => params['proxy']);
}

it('a target that says nothing is passed over, though the one before it had rung', async () => {
  const scene = await openOpensipsScene();
  const targets = ['sip:one.example.com', 'sip:two.example.com', 'sip:three.example.com'];
  const { events, next } = dialTrunk(scene, targets);
  const first = await next();
  scene.opensips.respond(first, 'INVITE', 180);
  await scene.opensips.until(() => events.length === 1);
  scene.opensips.respond(first, 'INVITE', 503);
  scene.opensips.timeOut(await next());
  await next();
  expect(targetsOf(scene)).toEqual(targets);
});

it('a 408 of the far end’s own is its answer, though nothing came before it: no other target is tried', async () => {
  const scene = await openOpensipsScene();
  const { first, next } = dialTrunk(scene, ['sip:one.example.com', 'sip:two.example.com']);
  scene.opensips.respond(await next(), 'INVITE', 408);
  expect(await first('ended')).toMatchObject({ end: { by: 'peer', status: 408 } });
});

it('a target that answers 503 with Retry-After is left alone for that time, by other calls too', async () => {
  const scene = await openOpensipsScene();
  const targets = ['sip:one.example.com', 'sip:two.example.com'];
  const busy = ['', 'Retry-After: 60\r\n'] as const;
  const one = dialTrunk(scene, targets);
  scene.opensips.respond(await one.next(), 'INVITE', 503, ...busy);
  await one.next();
  const two = dialTrunk(scene, targets);
  scene.opensips.respond(await two.next(), 'INVITE', 503, ...busy);
  expect(await two.first('ended')).toMatchObject({ end: { by: 'peer', status: 503 } });
  expect(await dialTrunk(scene, targets).first('ended')).toMatchObject({ end: { by: 'transport', status: 503 } });
  expect(targetsOf(scene)).toEqual(['sip:one.example.com', 'sip:two.example.com', 'sip:two.example.com']);
});

it('a target that OpenSIPS cannot call is passed over', async () => {
  const scene = await openOpensipsScene();
  const targets = ['sip:gone.example.com', 'sip:two.example.com'];
  scene.opensips.faults.unresolved = ['sip:gone.example.com'];
  const { first, next } = dialTrunk(scene, targets);
  scene.opensips.respond(await next(), 'INVITE', 200, ANSWER);
  await first('answered');
  scene.opensips.faults.unresolved = targets;
  expect(await dialTrunk(scene, targets).first('ended')).toMatchObject({ end: { by: 'transport', status: 503 } });
  expect(targetsOf(scene)).toEqual([...targets, ...targets]);
});

it.each([1, 2])(
  'closing stops the phone that rings at target %i, though OpenSIPS has not named the call yet',
  async (n) => {
    const scene = await openOpensipsScene();
    const { first, next } = dialTrunk(scene, ['sip:one.example.com', 'sip:two.example.com']);
    if (n === 2) scene.opensips.respond(await next(), 'INVITE', 503);
    await scene.opensips.until(() => targetsOf(scene).length === n);
    const closed = scene.driver[Symbol.asyncDispose]();
    const { key = '' } = scene.opensips.wire.filter(({ method }) => method === 'INVITE').at(-1) ?? {};
    await scene.opensips.outgoing(key, 'CANCEL');
    const session = scene.opensips.sessions.get(key);
    if (session) scene.opensips.respond(session, 'INVITE', 487);
    await first('ended');
    await closed;
  },
);

// Once OpenSIPS has forgotten the session, nobody acknowledges what crosses the CANCEL: silence for half a minute.
it.each([200, 487])(
  'closing leaves OpenSIPS the session until the call that it cancels is over: %i',
  async (status) => {
    const scene = await openOpensipsScene();
    const { events, next } = dialTrunk(scene, ['sip:one.example.com', 'sip:two.example.com']);
    scene.opensips.respond(await next(), 'INVITE', 503);
    const session = await next();
    scene.opensips.respond(session, 'INVITE', 180);
    await scene.opensips.until(() => events.length === 1);
    const closed = scene.driver[Symbol.asyncDispose]();
    await scene.opensips.outgoing(session.key, 'CANCEL');
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect([scene.opensips.sessions.size, scene.opensips.subscribers.size]).toEqual([1, 1]);
    scene.opensips.respond(session, 'INVITE', status, ANSWER);
    await closed;
    const methods = scene.opensips.wire.map(({ method }) => method);
    expect(methods.slice(3)).toEqual(status === 200 ? ['ACK', 'BYE'] : []);
    expect([scene.opensips.sessions.size, scene.opensips.subscribers.size, events.length]).toEqual([0, 0, 2]);
  },
);

it('closing waits a second, no longer, for a callee who answers neither INVITE nor CANCEL', async () => {
  const clock = new FakeClock();
  const scene = await openOpensipsScene({}, undefined, clock);
  const { next } = dialTrunk(scene, ['sip:one.example.com']);
  await next();
  const closed = scene.driver[Symbol.asyncDispose]();
  clock.advance(1_000);
  await closed;
  expect([scene.opensips.sessions.size, scene.opensips.subscribers.size]).toEqual([0, 0]);
});

it('what cannot be sent is refused at once, also before there is a session', async () => {
  const scene = await openOpensipsScene();
  const leg = scene.driver.invite(request);
  const unfit = expect.objectContaining({ code: 'ERR_SIP_STATE' });
  expect(() => leg.hangUp({ headers: new Map([['Via', 'x']]) })).toThrow(unfit);
  expect(() => leg.sendDigit('x', 100)).toThrow(unfit);
  await scene.opensips.until(() => leg.callId !== '');
});
