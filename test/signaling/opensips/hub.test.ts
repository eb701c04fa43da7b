import { createSocket, type Socket } from 'node:dgram';
import { on, once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { createSystemClock } from '../../../src/base/clock.js';
import { createSystemRandom } from '../../../src/base/random.js';
import { OpensipsHub } from '../../../src/signaling/opensips/hub/opensips-hub.js';
import { createOpensipsDriver } from '../../../src/signaling/opensips/opensips-driver.js';
import type { InboundLeg, SignalingDriver } from '../../../src/signaling/port.js';
import { FakeOpensips } from '../../fakes/opensips/fake-opensips.js';
import type { FakeSession } from '../../fakes/opensips/sessions.js';
import { ANSWER, OFFER, watch } from '../../support/opensips-harness.js';
import { createKeptLog } from '../../support/silent-log.js';

const deps = { clock: createSystemClock(), random: createSystemRandom(), log: createKeptLog() };
const loopback = { host: '127.0.0.1', port: 0 };

interface Connector {
  readonly driver: SignalingDriver;
  readonly legs: InboundLeg[];
}

async function hubAt(opensips: FakeOpensips, port = 0) {
  const mi = { protocol: 'udp', host: '127.0.0.1', port: opensips.port } as const;
  const listen = { host: '127.0.0.1', port };
  const hub = new OpensipsHub({ mi, events: loopback, listen, allow: ['127.0.0.1'] }, deps);
  const { port: bound } = await hub.start();
  onTestFinished(() => hub[Symbol.asyncDispose]());
  return { hub, port: bound };
}

/** Connectors behind a hub; `take` is what each does with a call. */
async function scene(count: number, take: (leg: InboundLeg, index: number) => void) {
  const opensips = new FakeOpensips();
  await opensips.start();
  onTestFinished(() => opensips.stop());
  const { hub, port } = await hubAt(opensips);
  const connectors: Connector[] = [];
  for (let index = 0; index < count; index += 1) {
    const mi = { protocol: 'udp', host: '127.0.0.1', port } as const;
    const driver = createOpensipsDriver({ mi, events: loopback, allow: ['127.0.0.1'], domain: undefined }, deps);
    const legs: InboundLeg[] = [];
    await driver.start({
      onInvite: (leg) => {
        legs.push(leg);
        take(leg, index);
      },
      onRefused: () => {},
      onStateChange: () => {},
    });
    onTestFinished(() => driver[Symbol.asyncDispose]());
    connectors.push({ driver, legs });
  }
  return { opensips, hub, port, connectors };
}

const accept = (leg: InboundLeg): void => leg.accept(ANSWER);
const statuses = (opensips: FakeOpensips, { key }: FakeSession): number[] =>
  opensips.wire.flatMap((wire) => (wire.type === 'response' && wire.key === key ? [wire.status] : []));

/** A connector that can die: it subscribes, hears, and says nothing. */
async function mute(port: number) {
  const [commands, events] = [createSocket('udp4'), createSocket('udp4')];
  const bind = async (socket: Socket): Promise<void> => {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  };
  await Promise.all([bind(commands), bind(events)]);
  const heard: string[] = [];
  events.on('message', (datagram) => datagram.length > 0 && heard.push(datagram.toString()));
  const ask = async (id: number, method: string, params: object): Promise<unknown> => {
    commands.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }), port, '127.0.0.1');
    const [answer] = await once(commands, 'message');
    return JSON.parse(String(answer));
  };
  const socket = `udp:127.0.0.1:${events.address().port}`;
  const subscribe = () => ask(1, 'event_subscribe', { event: 'E_UA_SESSION', socket, expire: 90 });
  await subscribe();
  const die = (): void => {
    commands.close();
    events.close();
  };
  return { heard, ask, subscribe, die };
}

it('each call goes to one connector, all of them have as many, and OpenSIPS has one subscriber', async () => {
  const { opensips, connectors } = await scene(3, accept);
  const sessions = Array.from({ length: 9 }, () => opensips.invite({ body: OFFER }));
  for (const session of sessions) await opensips.response(session, 'INVITE', 200);
  expect(connectors.map(({ legs }) => legs.length)).toEqual([3, 3, 3]);
  for (const session of sessions) expect(statuses(opensips, session)).toEqual([200]);
  expect(opensips.subscribers.size).toBe(1);
});

it('a connector that asks twice while OpenSIPS is being asked has come once', async () => {
  const opensips = new FakeOpensips();
  await opensips.start();
  onTestFinished(() => opensips.stop());
  const { port } = await hubAt(opensips);
  const [commands, before] = [createSocket('udp4'), deps.log.lines.length];
  onTestFinished(() => void commands.close());
  commands.bind(0, '127.0.0.1');
  await once(commands, 'listening');
  for (const id of [1, 2]) {
    const params = { event: 'E_UA_SESSION', socket: `udp:127.0.0.1:${commands.address().port}`, expire: 90 };
    commands.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'event_subscribe', params }), port, '127.0.0.1');
  }
  let answers = 0;
  for await (const [answer] of on(commands, 'message')) {
    expect(JSON.parse(String(answer))).toMatchObject({ result: 'OK' });
    answers += 1;
    if (answers === 2) break;
  }
  expect(deps.log.lines.slice(before).filter((line) => line.includes('a connector has come'))).toHaveLength(1);
});

it('what happens in a call reaches the connector that has it', async () => {
  const { opensips, connectors } = await scene(2, accept);
  const sessions = [opensips.invite({ body: OFFER }), opensips.invite({ body: OFFER })];
  for (const session of sessions) await opensips.response(session, 'INVITE', 200);
  const ends = connectors.map(({ legs: [leg] }) => (leg === undefined ? undefined : watch(leg)));
  const [session] = sessions;
  if (session) opensips.bye(session);
  expect(await ends[0]?.first('ended')).toMatchObject({ end: { by: 'peer' } });
  expect(ends[1]?.events.filter(({ type }) => type === 'ended')).toEqual([]);
});

it('a call that one connector refuses with 503 goes to the next; other refusals are the answer', async () => {
  const { opensips, connectors } = await scene(2, (leg, index) => {
    if (index === 0) leg.reject(503, { retryAfterSeconds: 10 });
    else if (leg.invite.toUser === '1000') leg.accept(ANSWER);
    else leg.reject(486);
  });
  const answered = opensips.invite({ body: OFFER });
  await opensips.response(answered, 'INVITE', 200);
  const busy = opensips.invite({ body: OFFER, to: '2000' });
  await opensips.response(busy, 'INVITE', 486);
  expect([statuses(opensips, answered), statuses(opensips, busy)]).toEqual([[200], [486]]);
  expect(connectors.map(({ legs }) => legs.length)).toEqual([2, 2]);
});

it('where all of them refuse, the caller hears 503', async () => {
  const { opensips, connectors } = await scene(2, (leg) => leg.reject(503, { retryAfterSeconds: 10 }));
  const session = opensips.invite({ body: OFFER });
  expect(await opensips.response(session, 'INVITE', 503)).toMatchObject({ headers: 'Retry-After: 10\r\n' });
  expect([statuses(opensips, session), ...connectors.map(({ legs }) => legs.length)]).toEqual([[503], 1, 1]);
});

it('a connector dies: its call that waits is answered by another, the one that is up gets BYE', async () => {
  const { opensips, port, connectors } = await scene(0, accept);
  const dying = await mute(port);
  const up = opensips.invite({ body: OFFER });
  await opensips.until(() => dying.heard.length === 1);
  await dying.ask(2, 'ua_session_reply', { key: up.key, method: 'INVITE', code: 200, reason: 'OK', body: ANSWER });
  const waiting = opensips.invite({ body: OFFER });
  await opensips.until(() => dying.heard.length === 2);
  const mi = { protocol: 'udp', host: '127.0.0.1', port } as const;
  const driver = createOpensipsDriver({ mi, events: loopback, allow: ['127.0.0.1'], domain: undefined }, deps);
  await driver.start({ onInvite: accept, onRefused: () => {}, onStateChange: () => {} });
  onTestFinished(() => driver[Symbol.asyncDispose]());
  dying.die();
  await opensips.response(waiting, 'INVITE', 200);
  await opensips.outgoing(up.key, 'BYE');
  expect([connectors, statuses(opensips, waiting)]).toEqual([[], [200]]);
});

it('nobody can answer a call that another connector has', async () => {
  const { opensips, port } = await scene(1, (leg) => leg.ring(180));
  const session = opensips.invite({ body: OFFER });
  await opensips.response(session, 'INVITE', 180);
  const stranger = await mute(port);
  const reply = { key: session.key, method: 'INVITE', code: 200, reason: 'OK', body: ANSWER };
  expect(await stranger.ask(2, 'ua_session_reply', reply)).toMatchObject({ result: 'OK' });
  expect(await stranger.ask(3, 'ua_session_list', { key: session.key })).toMatchObject({ error: { code: 404 } });
  expect(await stranger.ask(4, 'kill', {})).toMatchObject({ error: { code: -32601 } });
  expect(statuses(opensips, session)).toEqual([180]);
  stranger.die();
});

it('the last connector leaves: OpenSIPS has no subscriber any more', async () => {
  const { opensips, connectors } = await scene(1, accept);
  await opensips.until(() => opensips.subscribers.size === 1);
  await connectors[0]?.driver[Symbol.asyncDispose]();
  await opensips.until(() => opensips.subscribers.size === 0);
});

it('another hub in its place: a call belongs to the connector that speaks for it, and the others are left alone', async () => {
  const { opensips, hub, port } = await scene(0, accept);
  const connector = await mute(port);
  const session = opensips.invite({ body: OFFER });
  await opensips.until(() => connector.heard.length === 1);
  await connector.ask(2, 'ua_session_reply', { key: session.key, method: 'INVITE', code: 200, reason: 'OK' });
  await hub[Symbol.asyncDispose]();
  await hubAt(opensips, port);
  const [other] = [await mute(port), await connector.subscribe()];
  opensips.request(session, 'INFO', '', '');
  await opensips.until(() => connector.heard.length === 2 && other.heard.length === 1);
  await connector.ask(3, 'ua_session_reply', { key: session.key, method: 'INFO', code: 200, reason: 'OK' });
  await opensips.response(session, 'INFO', 200);
  opensips.bye(session);
  await opensips.until(() => connector.heard.length === 3);
  expect(other.heard).toHaveLength(1);
  connector.die();
  other.die();
});

it('calls out go by the hub too, and their events come back to who made them', async () => {
  const { opensips, connectors } = await scene(2, accept);
  const request = { uri: 'sip:callee@example.com', fromUser: '2000', sdp: OFFER };
  const leg = connectors[1]?.driver.invite(request) ?? expect.fail('no connector');
  const { first } = watch(leg);
  const { key } = await opensips.seen((wire) => wire.method === 'INVITE' && wire.type === 'request');
  await opensips.until(() => leg.callId !== '');
  const session = opensips.sessions.get(key) ?? expect.fail('no session');
  opensips.respond(session, 'INVITE', 200, ANSWER);
  await first('answered');
  opensips.bye(session);
  await first('ended');
});
