import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createConnection, createServer, type Server, Socket } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { ConnectorError } from '../../../src/base/connector-error.js';
import { loadSrf } from '../../../src/signaling/drachtio/server/srf-module.js';
import { FakeDrachtioServer, header } from '../../fakes/drachtio-server/index.js';
import { ANSWER, DrachtioHarness, hear, OFFER, SDP, until } from '../../support/drachtio-harness.js';
import { eventLoopTurns } from '../../support/event-loop-turns.js';
import { ownLoopback } from '../../support/port-pair.js';
import { tlsText } from '../../support/tls-files.js';

const secretRefused = expect.objectContaining({ code: 'ERR_DRACHTIO_SECRET' });

describe('the connection with a server', () => {
  test('brings where it listens, and asks it for what it routes', async () => {
    await using harness = await DrachtioHarness.create();
    expect(await harness.startDriver()).toEqual([
      { protocol: 'udp', address: '127.0.0.1', port: 5060 },
      { protocol: 'tcp', address: '127.0.0.1', port: 5060 },
    ]);
    await harness.routed();
    expect([...(harness.server.applications[0]?.routes ?? [])].sort()).toEqual(
      ['info', 'invite', 'message', 'notify', 'options', 'publish', 'register', 'subscribe'].sort(),
    );
    expect(harness.states).toEqual(['up']);
  });

  test('is refused for a wrong secret: the start fails, and nothing loops', async () => {
    await using harness = await DrachtioHarness.create();
    const { secret } = harness.server;
    harness.server.secret = 'another';
    await expect(harness.startDriver()).rejects.toEqual(secretRefused);
    expect(harness.clock.pendingTimers).toBe(0);
    expect(JSON.stringify(harness.log)).not.toContain(secret);
  });

  test('comes about later where the server starts later', async () => {
    await using harness = await DrachtioHarness.create();
    await harness.server.stop();
    expect(await harness.startDriver()).toEqual([]);
    expect(harness.states).toEqual([]);
    await harness.server.listen();
    harness.clock.advance(250);
    await harness.state('up');
    const { call, leg } = await harness.answered();
    call.request('BYE');
    await leg.event('ended');
  });

  test('is dialled again and again, after waits that double up to a cap', async () => {
    const dials: number[] = [];
    await using harness = await DrachtioHarness.create({
      limits: { reconnectMinMs: 1_000, reconnectMaxMs: 4_000 },
      deps: {
        dial: () => {
          dials.push(harness.clock.now());
          const socket = new Socket();
          // As a refused connection does.
          setImmediate(() => socket.destroy(new Error('ECONNREFUSED')));
          return socket;
        },
        random: { hex: () => 'aa', integer: (limit) => limit - 1 },
      },
    });
    await harness.startDriver();
    for (let second = 0; second < 12; second += 1) {
      await eventLoopTurns(5);
      harness.clock.advance(1_000);
    }
    expect(dials).toEqual([0, 1_000, 3_000, 7_000, 11_000]);
  });

  test('ends its calls when it is lost, in every state, and they cannot be used any more', async () => {
    await using harness = await DrachtioHarness.start();
    const pending = await harness.incoming();
    const ringing = await harness.incoming();
    ringing.leg.it.ring(180);
    await ringing.call.response(180);
    const unacknowledged = await harness.incoming();
    unacknowledged.leg.it.accept(ANSWER);
    await unacknowledged.call.response(200);
    const up = await harness.answered();
    up.leg.it.reoffer(OFFER);
    await up.call.own('INVITE');
    const ending = await harness.answered();
    ending.leg.it.hangUp();
    await ending.leg.event('ended');
    const outbound = hear(harness.driver.invite({ uri: 'sip:far@127.0.0.1:5080', fromUser: '2000', sdp: OFFER }));
    await harness.server.outgoing();
    await harness.server.stop();
    await harness.state('down');
    for (const { leg } of [pending, ringing, unacknowledged, up, { leg: outbound }]) {
      expect((await leg.event('ended')).end).toMatchObject({ by: 'transport' });
    }
    const all = [pending.leg, ringing.leg, unacknowledged.leg, up.leg, ending.leg, outbound];
    for (const leg of all) {
      leg.it.hangUp();
      leg.it.sendDigit('1', 100);
      leg.it.reoffer(OFFER);
      expect(leg.events.filter(({ type }) => type === 'ended')).toHaveLength(1);
      expect(leg.events.at(-1)?.type).toBe('ended');
    }
    await harness.server.listen();
    harness.clock.advance(250);
    const { call, leg } = await harness.answered();
    call.request('BYE');
    await leg.event('ended');
    expect(harness.states).toEqual(['up', 'down', 'up']);
  });

  test('that only goes silent counts as lost', async () => {
    await using harness = await DrachtioHarness.start({ limits: { silenceMs: 25_000 } });
    const { leg } = await harness.answered();
    for (const application of harness.server.applications) application.mood = 'silent';
    harness.clock.advance(25_000);
    expect((await leg.event('ended')).end).toMatchObject({ by: 'transport' });
    await harness.state('down');
  });

  test('that says something now and then is not silent', async () => {
    await using harness = await DrachtioHarness.start({ limits: { silenceMs: 25_000 } });
    const { call } = await harness.answered();
    for (let times = 0; times < 3; times += 1) {
      harness.clock.advance(20_000);
      call.request('OPTIONS');
      await call.response(200, 'OPTIONS');
    }
    expect(harness.states).toEqual(['up']);
  });

  test('survives a frame that no server writes: it is closed and dialled again', async () => {
    await using harness = await DrachtioHarness.start();
    harness.server.applications[0]?.sendRaw('garbage#and more\r\n');
    await harness.state('down');
    harness.clock.advance(250);
    await harness.state('up');
  });

  test('drops a message that drachtio-srf cannot read, and prints nothing of it', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
    try {
      await using harness = await DrachtioHarness.start();
      const { call } = await harness.answered();
      call.request('F\u00c4X');
      call.request('OPTIONS');
      await call.response(200, 'OPTIONS');
      expect(printed).not.toHaveBeenCalled();
    } finally {
      printed.mockRestore();
    }
  });

  test('is dialled again at long intervals when the server no longer knows the secret, and says so once', async () => {
    await using harness = await DrachtioHarness.start({ limits: { refusedRetryMs: 60_000 } });
    const { secret } = harness.server;
    harness.server.secret = 'changed';
    await harness.server.stop();
    await harness.server.listen();
    await harness.state('down');
    harness.clock.advance(250);
    await until(() => harness.log.some(({ level }) => level === 'error'));
    for (let minute = 0; minute < 3; minute += 1) {
      await eventLoopTurns(30);
      harness.clock.advance(60_000);
    }
    harness.server.secret = secret;
    await eventLoopTurns(30);
    harness.clock.advance(60_000);
    await harness.state('up');
    expect(harness.log.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  test('takes messages of the size a server takes, and refuses what would make it hang up', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.accept(`v=0\r\n${'a=x\r\n'.repeat(20_000)}`);
    await call.response(500);
    expect(harness.server.applications).toHaveLength(1);
  });
});

describe('several servers', () => {
  test('share the calls; one that is lost takes only its own along, and the driver stays up', async () => {
    await using other = await FakeDrachtioServer.start({ secret: 'second' });
    await using first = await FakeDrachtioServer.start();
    await using harness = await DrachtioHarness.start({
      servers: [
        { host: '127.0.0.1', port: first.port, secret: first.secret },
        { host: '127.0.0.1', port: other.port, secret: 'second' },
      ],
    });
    await until(() => [first, other].every((one) => one.applications.some(({ routes }) => routes.has('register'))));
    const calls = [first.call({ contentType: SDP, body: OFFER }), other.call({ contentType: SDP, body: OFFER })];
    const legs = [await harness.leg(), await harness.leg()];
    for (const { it } of legs) it.accept(ANSWER);
    for (const call of calls) await call.response(200);
    for (const call of calls) call.ack();
    await other.stop();
    const lost = legs.find(({ it }) => it.callId === calls[1]?.callId);
    expect((await lost?.event('ended'))?.end).toMatchObject({ by: 'transport' });
    const kept = legs.find(({ it }) => it.callId === calls[0]?.callId);
    calls[0]?.request('BYE');
    expect((await kept?.event('ended'))?.end).toMatchObject({ by: 'peer' });
    expect(harness.states).toEqual(['up']);
    await first.stop();
    await harness.state('down');
  });
});

describe('calls of ours with several servers', () => {
  test('go by each in turn', async () => {
    await using one = await FakeDrachtioServer.start({ secret: 'one' });
    await using two = await FakeDrachtioServer.start({ secret: 'two' });
    await using harness = await DrachtioHarness.start({
      servers: [one, two].map(({ port, secret }) => ({ host: '127.0.0.1', port, secret })),
    });
    const dial = () => hear(harness.driver.invite({ uri: 'sip:far@127.0.0.1', fromUser: '2000', sdp: OFFER }));
    for (let round = 0; round < 2; round += 1) {
      dial();
      dial();
      await Promise.all([one.outgoing(), two.outgoing()]);
    }
  });

  test('go by another than one that is lost; by nobody once all are', async () => {
    await using one = await FakeDrachtioServer.start({ secret: 'one' });
    await using two = await FakeDrachtioServer.start({ secret: 'two' });
    await using harness = await DrachtioHarness.start({
      servers: [one, two].map(({ port, secret }) => ({ host: '127.0.0.1', port, secret })),
    });
    const dial = () => hear(harness.driver.invite({ uri: 'sip:far@127.0.0.1', fromUser: '2000', sdp: OFFER }));
    await one.stop();
    await until(() => harness.log.some(({ message }) => message === 'a drachtio server is not connected'));
    dial();
    dial();
    await two.outgoing();
    await two.outgoing();
    await two.stop();
    await harness.state('down');
    expect(dial).toThrow('no drachtio server is connected');
  });
});

describe('a stop', () => {
  test('ends a call whose 200 is on its way through the server', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.accept(ANSWER);
    // It waits for the ACK, and does not now.
    leg.it.hangUp({ reason: 'SIP;cause=200;text="drain"' });
    await harness.driver[Symbol.asyncDispose]();
    expect(header((await call.own('BYE')).message, 'reason')).toBe('SIP;cause=200;text="drain"');
    expect((await leg.event('ended')).end).toEqual({ by: 'local', status: 0, text: '' });
  });

  test('cancels a call of ours that the server has only just been given, and waits for the end of its INVITE', async () => {
    await using harness = await DrachtioHarness.start();
    const leg = hear(harness.driver.invite({ uri: 'sip:far@127.0.0.1', fromUser: '2000', sdp: OFFER }));
    const closed = harness.driver[Symbol.asyncDispose]();
    const invite = await harness.server.outgoing();
    await invite.cancel;
    expect((await leg.event('ended')).end.by).toBe('local');
    // Who calls meanwhile is refused, and whom we would call is not called.
    await harness.server.call({ contentType: SDP, body: OFFER }).response(503);
    expect(() => harness.driver.invite({ uri: 'sip:far@127.0.0.1', fromUser: '2000', sdp: OFFER })).toThrow(
      expect.objectContaining({ code: 'ERR_SIP_STATE' }),
    );
    invite.respond(487);
    await closed;
  });

  // RFC 3261 section 9.1: whoever has picked up meanwhile would hear nothing, for half a minute.
  test('ends a call of ours that is answered while it is cancelled', async () => {
    await using harness = await DrachtioHarness.start();
    const leg = hear(harness.driver.invite({ uri: 'sip:far@127.0.0.1', fromUser: '2000', sdp: OFFER }));
    const invite = await harness.server.outgoing();
    invite.respond(180, { headers: [['RSeq', '1']] });
    await leg.event('progress');
    const closed = harness.driver[Symbol.asyncDispose]();
    await invite.cancel;
    invite.respond(200, { contentType: SDP, body: ANSWER });
    await invite.dialog.own('ACK');
    await invite.dialog.own('BYE');
    await closed;
    expect(leg.events.map(({ type }) => type)).toEqual(['progress', 'ended']);
  });

  test('waits for no server that says nothing', async () => {
    await using harness = await DrachtioHarness.start();
    const { leg } = await harness.incoming();
    for (const application of harness.server.applications) application.mood = 'silent';
    leg.it.accept(ANSWER);
    const closed = harness.driver[Symbol.asyncDispose]();
    await eventLoopTurns(5);
    harness.clock.advance(1_000);
    await closed;
  });
});

describe('outbound mode', () => {
  // Whoever connects from 127.0.0.1 meanwhile takes no port of this address.
  const listen = { host: ownLoopback, port: 0, secret: 'cymru', from: ['127.0.0.0/8'] };

  test('a server connects for each call, and the connection ends with it', async () => {
    await using harness = await DrachtioHarness.start({ servers: [], listen: { ...listen, port: await freePort() } });
    expect(harness.states).toEqual(['up']);
    const application = await harness.server.connectTo(harness.listenPort, ownLoopback);
    const call = harness.server.call({ contentType: SDP, body: OFFER }, application);
    const leg = await harness.leg();
    leg.it.accept(ANSWER);
    await call.response(200);
    call.ack();
    call.request('BYE');
    await call.response(200, 'BYE');
    await leg.event('ended');
    harness.clock.advance(5_000);
    await until(() => harness.server.applications.length === 0);
    expect(harness.states).toEqual(['up']);
  });

  test('the connection takes its call along when it is lost', async () => {
    await using harness = await DrachtioHarness.start({ servers: [], listen: { ...listen, port: await freePort() } });
    const application = await harness.server.connectTo(harness.listenPort, ownLoopback);
    harness.server.call({ contentType: SDP, body: OFFER }, application);
    const leg = await harness.leg();
    application.close();
    expect((await leg.event('ended')).end).toMatchObject({ by: 'transport' });
    expect(harness.states).toEqual(['up']);
  });

  test('a stranger does not learn the secret', async () => {
    await using harness = await DrachtioHarness.start({
      servers: [],
      listen: { ...listen, port: await freePort(), from: ['10.0.0.0/8'] },
    });
    // Whoever connects again and again does not fill the log.
    for (let attempt = 0; attempt < 7; attempt += 1) {
      await expect(harness.server.connectTo(harness.listenPort, ownLoopback)).rejects.toThrow('hung up');
    }
    const told = harness.log.filter(({ message }) => message.includes('was refused'));
    expect(told.map(({ fields }) => fields)).toEqual([{ count: 1 }, { count: 2 }, { count: 4 }]);
  });

  test('connections in their TLS handshake count: there are no more of them than of others', async () => {
    const [cert, key] = [tlsText('server.crt'), tlsText('server.key')];
    await using harness = await DrachtioHarness.start({
      servers: [],
      listen: { ...listen, port: await freePort(), tls: { cert, key } },
      limits: { maxConnections: 2 },
    });
    const gone: number[] = [];
    for (let index = 0; index < 3; index += 1) {
      const socket = createConnection({ host: ownLoopback, port: harness.listenPort });
      socket.on('error', () => {}).once('close', () => gone.push(index));
      await once(socket, 'connect');
    }
    await until(() => gone.length > 0);
    expect(gone).toEqual([2]);
  });

  test('a port that is taken is an error of the start', async () => {
    const taken = await occupied();
    const port = portOf(taken);
    const harness = await DrachtioHarness.create({ servers: [], listen: { ...listen, port } });
    await expect(harness.startDriver()).rejects.toEqual(expect.objectContaining({ code: 'ERR_LISTEN' }));
    await harness[Symbol.asyncDispose]();
    taken.close();
  });
});

describe('the module drachtio-srf', () => {
  test('that cannot be loaded fails the start of this driver alone', async () => {
    const loadSrf = async () => {
      throw new ConnectorError('ERR_DRACHTIO_MODULE', 'broken');
    };
    await using harness = await DrachtioHarness.create({ deps: { loadSrf } });
    await expect(harness.startDriver()).rejects.toEqual(expect.objectContaining({ code: 'ERR_DRACHTIO_MODULE' }));
  });

  // Ours is given neither; it is a copy of its own.
  test.each(['others', 'we'])(
    'reads bodies and phrases as ever for others in the process, where %s come first',
    async (first) => {
      const require = createRequire(import.meta.url);
      for (const path of Object.keys(require.cache))
        if (path.includes('/drachtio-srf/lib/')) delete require.cache[path];
      const before: unknown = first === 'others' ? require('drachtio-srf') : undefined;
      const Srf = await loadSrf();
      const shared: SharedSrf = require('drachtio-srf');
      expect(shared).not.toBe(Srf);
      if (before !== undefined) expect(shared).toBe(before);
      const { reason, payload } = new shared.SipMessage(
        'SIP/2.0 486 On the phone\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi',
      );
      expect([reason, payload]).toEqual(['On the phone', [{ type: 'text/plain', content: 'hi' }]]);
    },
  );
});

interface SharedSrf {
  readonly SipMessage: new (raw: string) => { readonly reason: string; readonly payload: readonly object[] };
}

async function occupied(): Promise<Server> {
  const server = createServer().listen(0, ownLoopback);
  await new Promise((resolve) => server.once('listening', resolve));
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function freePort(): Promise<number> {
  const server = await occupied();
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
