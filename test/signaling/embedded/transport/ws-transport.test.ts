import { createConnection, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { SipFlow, SipTransport } from '../../../../src/signaling/embedded/transport/sip-transport.js';
import { MAX_WS_MESSAGE_BYTES } from '../../../../src/signaling/embedded/transport/ws-handshake.js';
import {
  createWsTransport,
  type WsTransportOptions,
  wsTransportDefaults,
} from '../../../../src/signaling/embedded/transport/ws-transport.js';
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
  readonly received: { readonly flow: SipFlow; readonly message: Buffer }[];
  readonly troubles: string[];
  readonly clock: FakeClock;
}

async function listen(options: Partial<WsTransportOptions> = {}): Promise<Listening> {
  const clock = new FakeClock();
  const transport = createWsTransport({ address: '127.0.0.1', port: 0, clock, origins: [], ...options });
  opened.push(() => transport.close());
  const received: { flow: SipFlow; message: Buffer }[] = [];
  const troubles: string[] = [];
  const bound = await transport.start({
    onMessage: (flow, message) => received.push({ flow, message }),
    onFailure: () => {},
    onHandshakeFailure: (side, error) => troubles.push(`${side}: ${error.message}`),
  });
  return { transport, bound, received, troubles, clock };
}

interface Browser {
  readonly socket: WebSocket;
  readonly frames: { readonly data: string; readonly isBinary: boolean }[];
  /** Status of a refused handshake. */
  readonly refused: number | undefined;
}

/** Resolves when the handshake is over, one way or the other. */
async function browse(
  { bound }: Listening,
  { protocols = ['sip'], ...options }: WebSocket.ClientOptions & { protocols?: string[] } = {},
): Promise<Browser> {
  const socket = new WebSocket(`${bound.protocol}://127.0.0.1:${bound.port}/`, protocols, options);
  opened.push(() => socket.terminate());
  const frames: { data: string; isBinary: boolean }[] = [];
  socket.on('message', (data, isBinary) => frames.push({ data: String(data), isBinary }));
  socket.on('error', () => {});
  let refused: number | undefined;
  await new Promise<void>((resolve) => {
    socket.once('open', () => resolve()).once('close', () => resolve());
    socket.once('unexpected-response', (_request, response) => {
      refused = response.statusCode;
      resolve();
    });
  });
  return { socket, frames, refused };
}

const until = (condition: () => boolean): Promise<void> => expect.poll(condition).toBe(true);
const settle = (): Promise<void> => eventLoopTurns(50);

test('one message a frame, text or binary, over a flow that leads back', async () => {
  const server = await listen();
  const { socket, frames } = await browse(server);
  expect(socket.protocol).toBe('sip');
  socket.send(invite().toString());
  socket.send(invite());
  await until(() => server.received.length === 2);
  expect(server.received.map(({ message }) => message)).toEqual([invite(), invite()]);
  const flow = server.received[0]?.flow as SipFlow;
  expect(flow).toMatchObject({
    ...{ protocol: 'ws', reliable: true, remote: { address: '127.0.0.1' } },
    local: { address: '127.0.0.1', port: server.bound.port },
  });
  flow.send(Buffer.from('SIP/2.0 200 Grüße\r\n\r\n'));
  flow.send(Buffer.from([0xff, 0xfe]));
  await until(() => frames.length === 2);
  expect(frames.map(({ isBinary }) => isBinary)).toEqual([false, true]);
  expect(frames[0]?.data).toBe('SIP/2.0 200 Grüße\r\n\r\n');
  socket.close();
  await until(() => flow.closed);
  expect(server.clock.pendingTimers).toBe(0);
});

describe('the handshake', () => {
  test.each([
    ['without the subprotocol sip', { protocols: ['mqtt'] }, 400],
    ['without any subprotocol', { protocols: [] }, 400],
    ['from a page of another origin', { origin: 'https://evil.example' }, 403],
  ])('%s is refused', async (_name, options, status) => {
    const server = await listen({ origins: ['https://phone.example'] });
    expect((await browse(server, options)).refused).toBe(status);
    expect(server.troubles).toEqual([`accepting: WebSocket refused with ${status}`]);
    await until(() => server.clock.pendingTimers === 0);
  });

  test.each([
    ['an origin that is listed', ['https://Phone.example'], 'https://phone.example'],
    ['any origin', ['*'], 'https://anything.example'],
    ['no origin at all: no browser', [], undefined],
  ])('%s is let in', async (_name, origins, origin) => {
    const server = await listen({ origins });
    const { refused } = await browse(server, { ...(origin !== undefined && { origin }), protocols: ['x', 'sip'] });
    expect(refused).toBeUndefined();
  });

  test('a web page gets 426', async () => {
    const server = await listen();
    const response = await fetch(`http://127.0.0.1:${server.bound.port}/`);
    expect([response.status, response.headers.get('upgrade')]).toEqual([426, 'websocket']);
    await response.text();
  });

  test('a peer that sends its request byte by byte, or nothing, is cut off in time', async () => {
    const server = await listen();
    const peer = createConnection({ host: '127.0.0.1', port: server.bound.port });
    opened.push(() => void peer.destroy());
    let closed = false;
    peer.on('error', () => {});
    peer.once('close', () => {
      closed = true;
    });
    peer.write('GET / HTTP/1.1\r\nHost: x\r\nX: ');
    await until(() => server.clock.pendingTimers === 1);
    server.clock.advance(wsTransportDefaults.handshakeMs);
    await until(() => closed);
    expect(server.clock.pendingTimers).toBe(0);
  });

  test('a peer that says nothing after it, likewise', async () => {
    const server = await listen();
    const { socket } = await browse(server);
    await until(() => server.clock.pendingTimers === 2);
    server.clock.advance(wsTransportDefaults.firstMessageMs);
    await until(() => socket.readyState === socket.CLOSED);
  });
});

test('keep-alives: CRLF CRLF is answered by CRLF, a ping by a pong', async () => {
  const server = await listen();
  const { socket, frames } = await browse(server);
  let pongs = 0;
  socket.on('pong', () => {
    pongs += 1;
  });
  socket.send('\r\n\r\n');
  socket.ping();
  await until(() => frames.length === 1 && pongs === 1);
  expect(frames[0]?.data).toBe('\r\n');
  expect(server.received).toEqual([]);
});

test('a browser that answers pings stays, one that does not is gone after the second', async () => {
  const server = await listen();
  const alive = await browse(server);
  const dead = await browse(server, { autoPong: false });
  for (const { socket } of [alive, dead]) socket.send(invite());
  await until(() => server.received.length === 2);
  server.clock.advance(wsTransportDefaults.pingMs);
  await settle();
  server.clock.advance(wsTransportDefaults.pingMs);
  await until(() => dead.socket.readyState === WebSocket.CLOSED);
  expect(alive.socket.readyState).toBe(WebSocket.OPEN);
});

test('a message larger than SIP may be ends the connection, nothing else', async () => {
  const server = await listen();
  const { socket } = await browse(server);
  const code = new Promise((resolve) => socket.once('close', resolve));
  socket.send(Buffer.alloc(MAX_WS_MESSAGE_BYTES + 1, 'x'));
  expect(await code).toBe(1009);
  expect(server.received).toEqual([]);
  expect((await browse(server)).refused).toBeUndefined();
});

test('a peer that sends thousands of messages at once does not hold up the event loop', async () => {
  const server = await listen();
  const { socket } = await browse(server);
  const total = 4_000;
  let largest = 0;
  let counted = 0;
  const turn = (): void => {
    largest = Math.max(largest, server.received.length - counted);
    counted = server.received.length;
    if (counted < total) setImmediate(turn);
  };
  for (let index = 0; index < total; index += 1) socket.send(invite());
  setImmediate(turn);
  await until(() => counted === total);
  // A read of 64 KB or two in a turn.
  expect(largest).toBeLessThanOrEqual(2 * Math.ceil(65_536 / invite().length) + 16);
});

test('wss: the same with TLS in front, also between two of ours', async () => {
  const material = await tlsMaterial('server');
  const tls = { verifyPeer: true, requireClientCertificate: false, material };
  const server = await listen({ tls });
  const browser = await browse(server, { ca: tlsText('authority.crt') });
  browser.socket.send(invite());
  await until(() => server.received.length === 1);
  expect(server.received[0]?.flow.protocol).toBe('wss');
  const other = await listen({ tls });
  const flow = other.transport.flowTo({ address: '127.0.0.1', port: server.bound.port, serverName: 'example.test' });
  expect(other.transport.flowTo({ address: '127.0.0.1', port: server.bound.port, serverName: 'example.test' })).toBe(
    flow,
  );
  flow.send(invite());
  await until(() => server.received.length === 2);
  const wrong = other.transport.flowTo({ address: '127.0.0.1', port: server.bound.port, serverName: 'no.test' });
  wrong.send(invite());
  await until(() => other.troubles.length === 1 && wrong.closed);
  expect(other.troubles[0]).toContain('does not name no.test');
});

test('a server that never comes to the end of the handshake is given up, however steadily it writes', async () => {
  const silent = createServer((socket) => {
    opened.push(() => void socket.destroy());
    socket.on('error', () => {}).write('HTTP/1.1 101 ');
  });
  opened.push(() => new Promise<void>((resolve) => void silent.close(() => resolve())));
  await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const { transport, clock, troubles } = await listen();
  const flow = transport.flowTo({ address: '127.0.0.1', port: (typeof address === 'object' && address?.port) || 0 });
  const errors: string[] = [];
  flow.onError((error) => errors.push(error.message));
  flow.send(invite());
  clock.advance(wsTransportDefaults.connectMs - 1);
  await settle();
  expect(flow.closed).toBe(false);
  clock.advance(1);
  await until(() => flow.closed);
  expect(errors).toEqual(['WebSocket: no answer to the connection attempt']);
  expect([troubles.length, clock.pendingTimers]).toEqual([1, 0]);
});

test('closing says goodbye and waits for nobody', async () => {
  const server = await listen();
  const { socket } = await browse(server);
  socket.send(invite());
  await until(() => server.received.length === 1);
  const code = new Promise((resolve) => socket.once('close', resolve));
  const half = createConnection({ host: '127.0.0.1', port: server.bound.port });
  half.on('error', () => {});
  await until(() => server.clock.pendingTimers === 2);
  await server.transport.close();
  expect(await code).toBe(1001);
  expect(server.clock.pendingTimers).toBe(0);
});
