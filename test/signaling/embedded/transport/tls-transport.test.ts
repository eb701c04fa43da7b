import { createConnection } from 'node:net';
import { type ConnectionOptions, connect as connectTls, createServer, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import type { SipFlow, SipTransport } from '../../../../src/signaling/embedded/transport/sip-transport.js';
import {
  createTcpTransport,
  type TcpTransportOptions,
  tcpTransportDefaults,
} from '../../../../src/signaling/embedded/transport/tcp-transport.js';
import type { TlsSettings } from '../../../../src/signaling/embedded/transport/tls-policy.js';
import type { ListeningAddress } from '../../../../src/signaling/port.js';
import { eventLoopTurns } from '../../../support/event-loop-turns.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { tlsMaterial, tlsText } from '../../../support/tls-files.js';
import { invite } from '../../message/samples.js';

const opened: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

interface Listening {
  readonly transport: SipTransport;
  readonly bound: ListeningAddress;
  readonly received: SipFlow[];
  readonly troubles: string[];
  readonly clock: FakeClock;
}

async function listen(tls: Partial<TlsSettings> = {}, options: Partial<TcpTransportOptions> = {}): Promise<Listening> {
  const clock = new FakeClock();
  const material = await tlsMaterial('server');
  const transport = createTcpTransport({
    ...{ address: '127.0.0.1', port: 0, clock },
    tls: { verifyPeer: true, requireClientCertificate: false, material, ...tls },
    ...options,
  });
  opened.push(() => transport.close());
  const received: SipFlow[] = [];
  const troubles: string[] = [];
  const bound = await transport.start({
    onMessage: (flow) => received.push(flow),
    onFailure: () => {},
    onHandshakeFailure: (side, error) => troubles.push(`${side}: ${error.message}`),
  });
  return { transport, bound, received, troubles, clock };
}

/** A peer's connection; resolves when it is secure or gone. */
async function connect({ bound }: Listening, options: ConnectionOptions = {}): Promise<TLSSocket & { heard?: string }> {
  const socket: TLSSocket & { heard?: string } = connectTls({
    ...{ host: '127.0.0.1', port: bound.port, ca: tlsText('authority.crt') },
    ...options,
  });
  opened.push(() => void socket.destroy());
  socket.on('error', () => {});
  socket.heard = '';
  socket.on('data', (chunk) => {
    socket.heard += chunk.toString('latin1');
  });
  await new Promise<void>((resolve) => socket.once('secureConnect', resolve).once('close', resolve));
  return socket;
}

const until = (condition: () => boolean): Promise<void> => expect.poll(condition).toBe(true);

test('a message over TLS comes over a flow that leads back', async () => {
  const server = await listen();
  const peer = await connect(server);
  expect(peer.getProtocol()).toBe('TLSv1.3');
  peer.write(invite());
  await until(() => server.received.length === 1);
  const [flow] = server.received as [SipFlow];
  expect(flow).toMatchObject({
    protocol: 'tls',
    reliable: true,
    remote: { address: '127.0.0.1', port: peer.localPort },
    local: { address: '127.0.0.1', port: server.bound.port },
  });
  flow.send(Buffer.from('SIP/2.0 100 Trying\r\n\r\n'));
  await until(() => peer.heard === 'SIP/2.0 100 Trying\r\n\r\n');
  peer.destroy();
  await until(() => flow.closed);
  expect(server.clock.pendingTimers).toBe(0);
});

test('TLS 1.2 is spoken, 1.1 is not', async () => {
  const server = await listen();
  expect((await connect(server, { maxVersion: 'TLSv1.2' })).getProtocol()).toBe('TLSv1.2');
  // Security level 0: else the peer's own OpenSSL would not even try.
  const old = await connect(server, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
  expect(old.authorized).toBe(false);
  await until(() => server.troubles.length === 1);
  expect(server.troubles[0]).toMatch(/^accepting: /);
});

test('plain SIP at the TLS port gets no answer and no flow', async () => {
  const server = await listen();
  const peer = createConnection({ host: '127.0.0.1', port: server.bound.port });
  opened.push(() => void peer.destroy());
  const closed = new Promise<void>((resolve) => peer.once('close', () => resolve()));
  peer.on('error', () => {});
  peer.write(invite());
  await closed;
  expect(server.received).toEqual([]);
  expect(server.troubles).toHaveLength(1);
});

test('who does not finish the handshake is cut off in time, and keeps nobody out but its own address', async () => {
  const server = await listen({}, { limits: { handshakesPerSource: 3 } });
  const slow = Array.from({ length: 3 }, () => createConnection({ host: '127.0.0.1', port: server.bound.port }));
  let closed = 0;
  for (const socket of slow) {
    opened.push(() => void socket.destroy());
    socket.on('error', () => {});
    socket.once('close', () => {
      closed += 1;
    });
  }
  await until(() => server.clock.pendingTimers === 3);
  const fourth = await connect(server);
  expect(fourth.authorized).toBe(false);
  server.clock.advance(tcpTransportDefaults.handshakeMs);
  await until(() => closed === 3);
  expect((await connect(server)).authorized).toBe(true);
});

test('a peer that comes back from the same port has its time, too, whatever became of the connection before', async () => {
  const server = await listen();
  const from = (localPort: number) => {
    const socket = createConnection({ host: '127.0.0.1', port: server.bound.port, localPort });
    opened.push(() => void socket.destroy());
    socket.on('error', () => {});
    return socket;
  };
  const first = from(0);
  // What still connects would be reset later on, and its port be in use.
  await until(() => server.clock.pendingTimers === 1 && !first.connecting);
  const port = first.localPort ?? 0;
  first.resetAndDestroy();
  const second = from(port);
  let closed = false;
  second.once('close', () => {
    closed = true;
  });
  await new Promise<void>((resolve) => second.once('connect', () => resolve()));
  await eventLoopTurns(50);
  expect(server.clock.pendingTimers).toBe(1);
  server.clock.advance(tcpTransportDefaults.handshakeMs);
  await until(() => closed);
});

test('a handshake has its limit, too, where the same port has begun another with another address of ours', async () => {
  const server = await listen({}, { address: '0.0.0.0' });
  let closed = 0;
  const from = (host: string, localPort: number) => {
    const socket = createConnection({ ...{ host, port: server.bound.port }, localAddress: '127.0.0.3', localPort });
    opened.push(() => void socket.destroy());
    socket.on('error', () => {});
    socket.once('close', () => {
      closed += 1;
    });
    return socket;
  };
  const first = from('127.0.0.1', 0);
  await until(() => server.clock.pendingTimers === 1 && first.localPort !== undefined);
  const second = from('127.0.0.2', first.localPort ?? 0);
  await new Promise<void>((resolve) => second.once('connect', () => resolve()));
  await until(() => server.clock.pendingTimers === 2);
  server.clock.advance(tcpTransportDefaults.handshakeMs);
  await until(() => closed === 2);
});

test('handshakes under way count as connections: many addresses together cannot have more of them', async () => {
  const server = await listen({}, { limits: { connections: 3 } });
  const first = await connect(server);
  for (const localAddress of ['127.0.0.2', '127.0.0.3']) {
    const slow = createConnection({ host: '127.0.0.1', port: server.bound.port, localAddress });
    opened.push(() => void slow.destroy());
    slow.on('error', () => {});
  }
  await until(() => server.clock.pendingTimers === 3);
  expect((await connect(server)).authorized).toBe(false);
  server.clock.advance(tcpTransportDefaults.handshakeMs);
  await expect.poll(async () => (await connect(server)).authorized).toBe(true);
  expect(first.destroyed).toBe(false);
});

test('connections that are gone count no longer', async () => {
  const server = await listen({}, { limits: { connectionsPerSource: 1 } });
  const first = await connect(server);
  expect((await connect(server)).authorized).toBe(false);
  const closed = new Promise<void>((resolve) => first.once('close', () => resolve()));
  first.destroy();
  await closed;
  await expect.poll(async () => (await connect(server)).authorized).toBe(true);
});

test('a renewed certificate is shown to new peers; old connections go on', async () => {
  const server = await listen();
  const before = await connect(server);
  expect(before.getPeerCertificate().subject.CN).toBe('server');
  server.transport.setTls?.(await tlsMaterial('renewed'));
  expect((await connect(server)).getPeerCertificate().subject.CN).toBe('renewed');
  before.write(invite());
  await until(() => server.received.length === 1);
});

describe('mutual TLS', () => {
  test('a certificate of our authority opens the door', async () => {
    const server = await listen({ requireClientCertificate: true });
    const peer = await connect(server, { cert: tlsText('client.crt'), key: tlsText('client.key') });
    peer.write(invite());
    await until(() => server.received.length === 1);
  });

  test.each([
    ['none', {}],
    ["a stranger's", { cert: tlsText('stranger.crt'), key: tlsText('stranger.key') }],
  ])('%s does not', async (_name, options) => {
    const server = await listen({ requireClientCertificate: true });
    const peer = await connect(server, options);
    peer.write(invite());
    await until(() => peer.destroyed && server.troubles.length > 0);
    expect(server.received).toEqual([]);
  });
});

describe('a connection of ours', () => {
  async function callee(name: string): Promise<{ port: number; heard: () => string; shown: () => string | undefined }> {
    let heard = '';
    let shown: string | undefined;
    const server = createServer(
      {
        cert: tlsText(`${name}.crt`),
        key: tlsText(`${name}.key`),
        ca: tlsText('authority.crt'),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (socket) => {
        opened.push(() => void socket.destroy());
        shown = String(socket.getPeerCertificate().subject?.CN);
        socket.on('error', () => {});
        socket.on('data', (chunk) => {
          heard += chunk.toString('latin1');
        });
      },
    );
    opened.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return {
      port: typeof address === 'object' && address !== null ? address.port : 0,
      heard: () => heard,
      shown: () => shown,
    };
  }

  test.each(['example.test', undefined])('to a server that proves to be %s', async (serverName) => {
    const { transport, bound } = await listen();
    const { port, heard, shown } = await callee('server');
    const flow = transport.flowTo({ address: '127.0.0.1', port, serverName });
    flow.send(Buffer.from('one'));
    await until(() => heard() === 'one');
    expect(shown()).toBe('server');
    expect(flow.local).toEqual({ address: '127.0.0.1', port: bound.port });
    expect(transport.flowTo({ address: '127.0.0.1', port, serverName })).toBe(flow);
    expect(transport.flowTo({ address: '127.0.0.1', port, serverName: 'other.test' })).not.toBe(flow);
  });

  test.each([
    ['of another name', 'server', 'elsewhere.test', 'does not name elsewhere.test'],
    ['of an unknown authority', 'stranger', undefined, 'unable to'],
    ['that has expired', 'expired', undefined, 'expired'],
  ])(
    'to a server with a certificate %s: given up before a byte of SIP',
    async (_name, certificate, serverName, why) => {
      const { transport, troubles } = await listen();
      const { port, heard } = await callee(certificate);
      const flow = transport.flowTo({ address: '127.0.0.1', port, serverName });
      const errors: Error[] = [];
      flow.onError((error) => errors.push(error));
      flow.send(Buffer.from('secret'));
      await until(() => errors.length === 1);
      expect(errors[0]).toMatchObject({ code: 'ERR_SIP_TRANSPORT', message: expect.stringContaining(why) });
      expect(troubles).toEqual([expect.stringMatching(/^connecting: TLS connection: /)]);
      expect(heard()).toBe('');
    },
  );

  test('to anybody, where nothing is to be verified', async () => {
    const { transport } = await listen({ verifyPeer: false });
    const { port, heard } = await callee('stranger');
    transport.flowTo({ address: '127.0.0.1', port, serverName: 'elsewhere.test' }).send(Buffer.from('one'));
    await until(() => heard() === 'one');
  });
});
