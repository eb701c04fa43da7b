import { once } from 'node:events';
import { createServer } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { describe, expect, test, vi } from 'vitest';
import { dialServer } from '../../../src/signaling/drachtio/server/server-link.js';
import { FakeDrachtioServer } from '../../fakes/drachtio-server/index.js';
import { ANSWER, DrachtioHarness, OFFER, SDP, until } from '../../support/drachtio-harness.js';
import { ownLoopback } from '../../support/port-pair.js';
import { tlsText } from '../../support/tls-files.js';

const ca = tlsText('authority.crt');
const pairOf = (name: string) => ({ cert: tlsText(`${name}.crt`), key: tlsText(`${name}.key`) });

describe('a server over TLS', () => {
  test('is known by its certificate, and has its calls as any other', async () => {
    await using server = await FakeDrachtioServer.start({ tls: pairOf('server') });
    await using harness = await DrachtioHarness.start({ servers: [{ ...placeOf(server), tls: { ca } }] });
    await until(() => server.applications.some(({ routes }) => routes.has('register')));
    const call = server.call({ contentType: SDP, body: OFFER });
    const leg = await harness.leg();
    leg.it.accept(ANSWER);
    await call.response(200);
    call.ack();
    call.request('BYE');
    await leg.event('ended');
  });

  test('that asks for a certificate of ours gets it', async () => {
    await using server = await FakeDrachtioServer.start({
      tls: { ...pairOf('server'), ca, requestCert: true, rejectUnauthorized: true },
    });
    await using harness = await DrachtioHarness.start({
      servers: [{ ...placeOf(server), tls: { ca, ...pairOf('client') } }],
    });
    expect(harness.states).toEqual(['up']);
  });

  test('whose certificate is for another name than its host is known by the name of the configuration', async () => {
    await using server = await FakeDrachtioServer.start({ tls: pairOf('elsewhere') });
    await using harness = await DrachtioHarness.start({
      servers: [{ ...placeOf(server), tls: { ca, serverName: 'elsewhere.example.test' } }],
    });
    expect(harness.states).toEqual(['up']);
  });

  // It would learn our secret.
  test.each(['elsewhere', 'stranger', 'expired'])('with the certificate %s hears nothing from us', async (name) => {
    await using server = await FakeDrachtioServer.start({ tls: pairOf(name) });
    await using harness = await DrachtioHarness.start({ servers: [{ ...placeOf(server), tls: { ca } }] });
    expect(harness.log).toMatchObject([{ level: 'warn', message: 'a drachtio server is not connected' }]);
    expect(harness.states).toEqual([]);
    expect(JSON.stringify(harness.log)).not.toContain(server.secret);
  });

  test('whose handshake never ends is given up, and dialled again', async () => {
    const mute = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    let met = 0;
    mute.on('connection', (socket) => {
      met += 1;
      socket.on('error', () => {}).resume();
    });
    const address = mute.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await using harness = await DrachtioHarness.create({
      servers: [{ host: '127.0.0.1', port, secret: 'cymru', tls: { ca } }],
      limits: { connectMs: 5_000 },
    });
    const started = harness.startDriver();
    await until(() => met === 1);
    harness.clock.advance(5_000);
    expect(await started).toEqual([]);
    expect(harness.log).toMatchObject([{ fields: { problem: 'no answer' } }]);
    harness.clock.advance(250);
    await until(() => met === 2);
    mute.close();
  });

  test('hears the name of its host, but no address as a name (RFC 6066 section 3)', async () => {
    const names: unknown[] = [];
    const SNICallback: TlsOptions['SNICallback'] = (name, done) => {
      names.push(name);
      done(null);
    };
    await using server = await FakeDrachtioServer.start({ tls: { ...pairOf('server'), SNICallback } });
    for (const host of ['127.0.0.1', 'localhost']) {
      const socket = dialServer({ ...placeOf(server), host, tls: { ca } });
      // The certificate is not for that name.
      await once(socket, 'secureConnect').catch(() => undefined);
      socket.destroy();
    }
    expect(names).toEqual(['localhost']);
  });
});

describe('outbound mode over TLS', () => {
  const trust = { ca, servername: 'host.example.test' };
  const listen = { host: ownLoopback, secret: 'cymru', from: ['127.0.0.0/8'], tls: pairOf('server') };

  test('a server that trusts our certificate gets its calls answered, and its place is free when it has gone', async () => {
    const port = await freePort();
    await using harness = await DrachtioHarness.start({
      servers: [],
      listen: { ...listen, port },
      limits: { maxConnections: 1 },
    });
    for (let round = 0; round < 2; round += 1) {
      // The other side hears of the end before ours may.
      const application = await vi.waitFor(() => harness.server.connectTo(port, ownLoopback, trust), 30_000);
      const call = harness.server.call({ contentType: SDP, body: OFFER }, application);
      const leg = await harness.leg();
      leg.it.accept(ANSWER);
      await call.response(200);
      call.ack();
      call.request('BYE');
      await leg.event('ended');
      harness.clock.advance(5_000);
      await until(() => harness.server.applications.length === 0);
    }
  });

  test('one that does not trust our certificate, or knows another secret, takes nobody else along', async () => {
    const port = await freePort();
    await using harness = await DrachtioHarness.start({ servers: [], listen: { ...listen, port } });
    const strange = { ...trust, ca: tlsText('stranger-authority.crt') };
    await expect(harness.server.connectTo(port, ownLoopback, strange)).rejects.toThrow();
    await using other = await FakeDrachtioServer.start({ secret: 'another' });
    await expect(other.connectTo(port, ownLoopback, trust)).rejects.toThrow('hung up');
    await until(() => harness.log.some(({ level }) => level === 'error'));
    expect(harness.log.filter(({ level }) => level === 'error')).toMatchObject([
      { message: 'a drachtio server refuses our secret' },
    ]);
    await harness.server.connectTo(port, ownLoopback, trust);
  });
});

function placeOf({ port, secret }: FakeDrachtioServer) {
  return { host: '127.0.0.1', port, secret };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, ownLoopback);
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
