import { createSocket } from 'node:dgram';
import { expect, it } from 'vitest';
import { miClientDefaults } from '../../../src/signaling/opensips/mi/mi-client.js';
import type { LegEvent } from '../../../src/signaling/port.js';
import { FakeClock } from '../../support/fake-clock.js';
import { ANSWER, OFFER, type OpensipsScene, openOpensipsScene, watch } from '../../support/opensips-harness.js';

/** What the peer of a session has seen: statuses and methods. */
function seenBy({ opensips }: OpensipsScene, key: string): readonly (number | string)[] {
  return opensips.wire.filter((wire) => wire.key === key).map((wire) => ('status' in wire ? wire.status : wire.method));
}

it('garbage on the port of the events makes nobody deaf', async () => {
  const scene = await openOpensipsScene();
  const hostile = [
    Buffer.from('x'),
    Buffer.alloc(0),
    Buffer.alloc(60_000, '['),
    Buffer.from('{"method":"E_UA_SESSION"}'),
    Buffer.from(
      '{"method":"E_UA_SESSION","params":{"key":"k","event_type":"NEW","entity_type":"UAS","method":"IN VITE"}}',
    ),
    Buffer.from('{"method":"E_UA_SESSION","params":{"__proto__":{},"key":"","event_type":"X"}}'),
    Buffer.from([0xff, 0xfe, 0x00]),
  ];
  for (const datagram of hostile) scene.opensips.send(datagram);
  scene.opensips.invite({ body: OFFER });
  expect((await scene.nextLeg()).invite.toUser).toBe('1000');
});

it('a name in ISO 8859-1 costs no call', async () => {
  const scene = await openOpensipsScene();
  const { opensips } = scene;
  const session = opensips.sessions.create('UAS');
  const headers = 'From: \\"José\\" <sip:1@x>;tag=a\\r\\nTo: <sip:1000@x>\\r\\nCall-ID: c\\r\\nCSeq: 1 INVITE\\r\\n';
  const event = `{"jsonrpc":"2.0","method":"E_UA_SESSION","params":{"key":"${session.key}","event_type":"NEW","entity_type":"UAS","status":0,"reason":null,"method":"INVITE","body":"","headers":"${headers}","extra_params":null}}`;
  opensips.send(Buffer.from(event, 'latin1'));
  expect((await scene.nextLeg()).invite.fromDisplayName).toBe('José');
});

it('events from anybody else are not read', async () => {
  const scene = await openOpensipsScene({ allow: ['127.0.0.2'] });
  scene.opensips.invite({ body: OFFER, to: 'stranger' });
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.2', () => resolve()));
  const [port = ''] = [...scene.opensips.subscribers].map((one) => one.split(':')[2]);
  const params = {
    key: 'B2B.1',
    event_type: 'NEW',
    entity_type: 'UAS',
    method: 'INVITE',
    headers: 'To: <sip:friend@x>\r\n',
  };
  socket.send(JSON.stringify({ method: 'E_UA_SESSION', params }), Number(port), '127.0.0.1', () => socket.close());
  expect((await scene.nextLeg()).invite.toUser).toBe('friend');
});

it('an answer that MI loses is asked for again, and the caller hears one 200', async () => {
  const scene = await openOpensipsScene();
  let lost = 0;
  scene.opensips.faults.loseAnswer = (method, params) =>
    method === 'ua_session_reply' && params['code'] === 200 && lost++ === 0;
  scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  leg.accept(ANSWER);
  await first('acked');
  expect(scene.opensips.commands.filter(({ params }) => params['code'] === 200)).toHaveLength(2);
  expect(scene.opensips.wire.filter((wire) => wire.type === 'response' && wire.status === 200)).toHaveLength(1);
});

it('a call whose answer stays unknown is terminated, and leaks nothing', async () => {
  const clock = new FakeClock();
  const scene = await openOpensipsScene({}, () => {}, clock);
  const { faults, sessions } = scene.opensips;
  const is200 = (params: Readonly<Record<string, unknown>>): boolean => params['code'] === 200;
  // One 200 reaches the caller, the other does not: the driver sees the same.
  const answered = scene.opensips.invite({ body: OFFER });
  const waiting = scene.opensips.invite({ body: OFFER, callId: 'another' });
  faults.loseAnswer = (_method, params) => is200(params);
  faults.loseRequest = (_method, params) => is200(params) && params['key'] === waiting.key;
  const ends = [await scene.nextLeg(), await scene.nextLeg()].map((leg) => {
    leg.accept(ANSWER);
    return watch(leg).first('ended');
  });
  await clock.advanceAsync(4_000, 250);
  expect((await Promise.all(ends)).map(({ end }) => end.by)).toEqual(['transport', 'transport']);
  expect(sessions.size).toBe(0);
  expect(seenBy(scene, answered.key)).toEqual([200, 'BYE']);
  expect(seenBy(scene, waiting.key)).toEqual([503]);
});

it('a caller whose 200 MI has lost is refused also where it is back only when the refusal was lost, too', async () => {
  const clock = new FakeClock();
  const scene = await openOpensipsScene({}, () => {}, clock);
  const { key } = scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  scene.opensips.faults.loseRequest = () => true;
  leg.accept(ANSWER);
  // 200 and 503 are given up; what is to end the session gets through, and OpenSIPS does not end it.
  await clock.advanceAsync(8_000, 250);
  scene.opensips.faults.loseRequest = () => false;
  await clock.advanceAsync(8_000, 250);
  expect(seenBy(scene, key)).toEqual([503]);
  expect(scene.opensips.sessions.size).toBe(0);
});

it('a session that OpenSIPS has lost without a word ends its call within a minute; the others go on', async () => {
  const clock = new FakeClock();
  const scene = await openOpensipsScene({}, () => {}, clock);
  const { sessions } = scene.opensips;
  scene.opensips.reportsAcks = true;
  const calls: { readonly key: string; readonly ended: () => LegEvent | undefined }[] = [];
  for (const callId of ['lost', 'silent', 'up']) {
    const { key } = scene.opensips.invite({ body: OFFER, callId });
    const leg = await scene.nextLeg();
    const { first, events } = watch(leg);
    leg.accept(ANSWER);
    await first('acked');
    calls.push({ key, ended: () => events.find(({ type }) => type === 'ended') });
  }
  const ends = () => calls.map(({ ended }) => ended());
  const [lost, silent] = calls;
  sessions.delete(lost?.key ?? '');
  // What OpenSIPS does not say is no end.
  scene.opensips.faults.loseRequest = (_method, params) => params['key'] === silent?.key;
  // The question is asked again for some seconds.
  await clock.advanceAsync(70_000, 1_000);
  const end = expect.objectContaining({ end: expect.objectContaining({ by: 'transport' }) });
  expect(ends()).toEqual([end, undefined, undefined]);
  scene.opensips.faults.loseRequest = () => false;
  sessions.delete(silent?.key ?? '');
  await clock.advanceAsync(60_000, 1_000);
  expect(ends()).toEqual([end, end, undefined]);
});

it.each([0, 10_000])(
  'a hold on which the peer rings without end is cancelled; where that helps nothing the call ends (180 after %i ms)',
  async (lateMs) => {
    const clock = new FakeClock();
    const scene = await openOpensipsScene({}, () => {}, clock);
    const { opensips } = scene;
    opensips.reportsAcks = true;
    const session = opensips.invite({ body: OFFER });
    const leg = await scene.nextLeg();
    const { first, events } = watch(leg);
    leg.accept(ANSWER);
    await first('acked');
    leg.reoffer(OFFER);
    await opensips.outgoing(session.key, 'INVITE');
    await clock.advanceAsync(lateMs, 1_000);
    const ring = async () => {
      opensips.respond(session, 'INVITE', 180);
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    await ring();
    const known = events.length;
    await clock.advanceAsync(32_000, 1_000);
    expect(seenBy(scene, session.key).at(-1)).toBe('CANCEL');
    // However often it says so.
    await ring();
    await clock.advanceAsync(31_000, 1_000);
    expect(events.slice(known)).toEqual([]);
    await clock.advanceAsync(1_000);
    expect(events.slice(known)).toMatchObject([{ type: 'ended', end: { by: 'transport', status: 408 } }]);
  },
);

it('an OpenSIPS that is not there yet is found when it comes', async () => {
  const scene = await openOpensipsScene({}, (opensips) => {
    opensips.faults.loseRequest = () => true;
  });
  expect(scene.states).toEqual(['down']);
  scene.opensips.faults.loseRequest = () => false;
  await scene.opensips.until(() => scene.opensips.subscribers.size === 1);
  await scene.opensips.until(() => scene.states.at(-1) === 'up');
});

it('a session that a connector before us has left behind is ended when its peer speaks', async () => {
  const scene = await openOpensipsScene();
  const session = scene.opensips.sessions.create('UAS');
  session.state = 5;
  session.uasMethod = undefined;
  scene.opensips.request(session, 'INFO');
  await scene.opensips.response(session, 'INFO', 481);
  await scene.opensips.outgoing(session.key, 'BYE');
  expect(scene.opensips.sessions.size).toBe(0);
});

it('a request with another To tag, which OpenSIPS takes for the call’s, gets 481 and ends nothing; its BYE has ended the call', async () => {
  const scene = await openOpensipsScene();
  const session = scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  leg.accept(ANSWER);
  await first('acked');
  const wrong = { ...session, key: `${session.key}x` };
  const callId = `Call-ID: ${session.key}\r\n`;
  session.uasMethod = 'INFO';
  scene.opensips.raise(wrong, { type: 'UPDATED', method: 'INFO', headers: `CSeq: 2 INFO\r\n${callId}` });
  await scene.opensips.response(session, 'INFO', 481);
  scene.opensips.raise(wrong, { type: 'TERMINATED', method: 'BYE', headers: `CSeq: 3 BYE\r\n${callId}` });
  expect(await first('ended')).toMatchObject({ end: { by: 'peer' } });
  expect(scene.opensips.commands.filter(({ method }) => method.endsWith('terminate'))).toEqual([]);
});

it('another call that has the place of ours with OpenSIPS does nothing to ours', async () => {
  const scene = await openOpensipsScene();
  const session = scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { events, first } = watch(leg);
  leg.accept(ANSWER);
  await first('acked');
  const other = { ...session, key: `${session.key}x` };
  const commands = scene.opensips.commands.length;
  for (const [type, method] of [['UPDATED', 'INFO'] as const, ['TERMINATED', 'BYE'] as const]) {
    scene.opensips.raise(other, { type, method, headers: `CSeq: 2 ${method}\r\nCall-ID: another\r\n` });
  }
  // What comes after them on the same way has been heard.
  scene.opensips.request(session, 'OPTIONS');
  await scene.opensips.response(session, 'OPTIONS', 200);
  expect(events.map(({ type }) => type)).toEqual(['acked']);
  expect(scene.opensips.commands.slice(commands).map(({ params }) => Object(params).method)).toEqual(['OPTIONS']);
});

it('the names of OpenSIPS 4 are used where the old ones are gone', async () => {
  const scene = await openOpensipsScene({}, (opensips) => {
    opensips.faults.newNames = true;
  });
  scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  leg.accept(ANSWER);
  await first('acked');
  expect(scene.opensips.commands.some(({ method }) => method === 'b2b_entities:ua_session_reply')).toBe(true);
});

it('so they are by calls that come at once', async () => {
  const scene = await openOpensipsScene({}, (opensips) => {
    opensips.faults.newNames = true;
  });
  const sessions = [scene.opensips.invite({ body: OFFER }), scene.opensips.invite({ body: OFFER, callId: 'another' })];
  for (const leg of [await scene.nextLeg(), await scene.nextLeg()]) leg.accept(ANSWER);
  for (const session of sessions) await scene.opensips.response(session, 'INVITE', 200);
});

it('so are the old ones where an OpenSIPS 4 was replaced by an older one, by calls that come at once', async () => {
  const scene = await openOpensipsScene({}, (opensips) => {
    opensips.faults.newNames = true;
  });
  const { opensips } = scene;
  const one = opensips.invite({ body: OFFER });
  (await scene.nextLeg()).accept(ANSWER);
  await opensips.response(one, 'INVITE', 200);
  opensips.faults.newNames = false;
  const sessions = [opensips.invite({ body: OFFER, callId: 'b' }), opensips.invite({ body: OFFER, callId: 'c' })];
  for (const leg of [await scene.nextLeg(), await scene.nextLeg()]) leg.accept(ANSWER);
  for (const session of sessions) await opensips.response(session, 'INVITE', 200);
});

it('a stop ends the calls, and the subscription with them', async () => {
  const scene = await openOpensipsScene();
  const session = scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  leg.accept(ANSWER);
  await first('acked');
  await scene.driver[Symbol.asyncDispose]();
  expect(scene.opensips.wire.filter((wire) => wire.type === 'request').map((wire) => wire.method)).toEqual(['BYE']);
  expect(scene.opensips.subscribers.size).toBe(0);
  expect(scene.opensips.sessions.get(session.key)).toBeUndefined();
});

it('a caller who comes while a stop waits for a call that it cancels is refused, and leaves no session', async () => {
  const clock = new FakeClock();
  const scene = await openOpensipsScene({}, () => {}, clock);
  const { opensips, driver } = scene;
  watch(driver.invite({ uri: 'sip:callee@example.com', fromUser: '2000', sdp: OFFER }));
  await opensips.until(() => opensips.sessions.size === 1);
  const closed = driver[Symbol.asyncDispose]();
  const { key } = opensips.invite({ body: OFFER });
  await opensips.until(() => seenBy(scene, key).length === 1);
  await clock.advanceAsync(1_000, 250);
  await closed;
  expect([seenBy(scene, key), opensips.sessions.get(key), clock.pendingTimers]).toEqual([[503], undefined, 0]);
});

it('a stop ends a call whose 200 is on its way to OpenSIPS', async () => {
  const scene = await openOpensipsScene();
  scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { events } = watch(leg);
  leg.accept(ANSWER);
  await scene.driver[Symbol.asyncDispose]();
  expect(scene.opensips.sessions.size).toBe(0);
  expect(events).toEqual([{ type: 'ended', end: { by: 'local', status: 0, text: '' } }]);
});

it.each([1, 100])(
  'a stop beside an OpenSIPS that answers no more takes 5 s, whatever there is to say (%i calls up)',
  async (calls) => {
    const clock = new FakeClock();
    const scene = await openOpensipsScene({}, () => {}, clock);
    for (let call = 0; call < calls; call += 1) {
      const { key } = scene.opensips.invite({ body: OFFER, callId: `call-${call}` });
      (await scene.nextLeg()).accept(ANSWER);
      await scene.opensips.until(() => seenBy(scene, key).includes(200));
    }
    scene.opensips.invite({ body: OFFER, callId: 'rings' });
    await scene.nextLeg();
    scene.opensips.faults.loseRequest = () => true;
    const fromMs = clock.now();
    let isClosed = false;
    void scene.driver[Symbol.asyncDispose]().then(() => {
      isClosed = true;
    });
    while (!isClosed) {
      await new Promise((resolve) => setImmediate(resolve));
      if (clock.pendingTimers > 0) clock.advance(250);
    }
    expect(clock.now() - fromMs).toBeLessThanOrEqual(5_250);
    expect(clock.pendingTimers).toBe(0);
  },
);

it('a stop ends a call whose BYE was lost on its way to OpenSIPS, as soon as that is known', async () => {
  const clock = new FakeClock();
  const scene = await openOpensipsScene({}, () => {}, clock);
  scene.opensips.reportsAcks = true;
  scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  leg.accept(ANSWER);
  await first('acked');
  scene.opensips.faults.loseRequest = (method) => method === 'ua_session_update';
  leg.hangUp({ reason: 'SIP;cause=503;text="drain"' });
  const closed = scene.driver[Symbol.asyncDispose]();
  await clock.advanceAsync(4_000, 250);
  await closed;
  expect(scene.opensips.sessions.size).toBe(0);
});

it('a stop tells OpenSIPS of the end of a few calls at a time: its socket does not hold them all', async () => {
  const clock = new FakeClock();
  const scene = await openOpensipsScene({}, () => {}, clock);
  const { opensips } = scene;
  opensips.reportsAcks = true;
  for (let call = 0; call < 110; call += 1) {
    opensips.invite({ body: OFFER, callId: `call-${call}` });
    const leg = await scene.nextLeg();
    const { first } = watch(leg);
    leg.accept(ANSWER);
    await first('acked');
  }
  let told = 0;
  opensips.faults.loseRequest = (method) => {
    if (method === 'ua_session_terminate') told += 1;
    return true;
  };
  const closed = scene.driver[Symbol.asyncDispose]();
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toBe(miClientDefaults.atOnce.ending);
  opensips.faults.loseRequest = () => false;
  await clock.advanceAsync(500, 250);
  await closed;
  expect([opensips.sessions.size, clock.pendingTimers]).toEqual([0, 0]);
});

it('a stop waits until OpenSIPS has heard of the end of each call', async () => {
  const scene = await openOpensipsScene();
  scene.opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  leg.accept(ANSWER);
  await first('acked');
  let lost = 0;
  scene.opensips.faults.loseRequest = (method) => method === 'ua_session_terminate' && lost++ === 0;
  await scene.driver[Symbol.asyncDispose]();
  expect(scene.opensips.sessions.size).toBe(0);
});

/** A call that is up when OpenSIPS hears nothing any more, and that we end then: when it is told of the end, ms after that. */
async function endUnheard(scene: OpensipsScene, clock: FakeClock) {
  const { opensips } = scene;
  opensips.reportsAcks = true;
  const { key } = opensips.invite({ body: OFFER });
  const leg = await scene.nextLeg();
  const { first } = watch(leg);
  leg.accept(ANSWER);
  await first('acked');
  const toldMs: number[] = [];
  const fromMs = clock.now();
  opensips.faults.loseRequest = (method) => {
    if (method === 'ua_session_terminate') toldMs.push(clock.now() - fromMs);
    return true;
  };
  leg.hangUp();
  return { key, toldMs };
}

it('a session that OpenSIPS does not hear of is ended as soon as it hears again; between two attempts is a second', async () => {
  const clock = new FakeClock();
  const scene = await openOpensipsScene({}, () => {}, clock);
  const { key, toldMs } = await endUnheard(scene, clock);
  await clock.advanceAsync(10_000, 250);
  scene.opensips.faults.loseRequest = () => false;
  await clock.advanceAsync(1_000, 250);
  expect(toldMs).toEqual([0, 500, 1_500, 4_500, 5_000, 6_000, 9_000, 9_500]);
  expect([seenBy(scene, key), scene.opensips.sessions.size]).toEqual([[200, 'BYE'], 0]);
});

it('a stop between two attempts to end a session makes the next one at once', async () => {
  const clock = new FakeClock();
  const scene = await openOpensipsScene({}, () => {}, clock);
  const { key, toldMs } = await endUnheard(scene, clock);
  await clock.advanceAsync(4_000, 250);
  scene.opensips.faults.loseRequest = () => false;
  await scene.driver[Symbol.asyncDispose]();
  expect(toldMs).toEqual([0, 500, 1_500]);
  expect([seenBy(scene, key), scene.opensips.sessions.size, clock.pendingTimers]).toEqual([[200, 'BYE'], 0, 0]);
});
