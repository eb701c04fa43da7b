import { createConnection, createServer, Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { SipFlow, SipTransport } from '../../../../src/signaling/embedded/transport/sip-transport.js';
import { TcpConnection } from '../../../../src/signaling/embedded/transport/tcp-connection.js';
import {
  createTcpTransport,
  type TcpTransportOptions,
  tcpTransportDefaults,
} from '../../../../src/signaling/embedded/transport/tcp-transport.js';
import type { ListeningAddress } from '../../../../src/signaling/port.js';
import { eventLoopTurns } from '../../../support/event-loop-turns.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { invite, soundFields, wire } from '../../message/samples.js';
import { hasIpv6 } from './loopback.js';

interface Received {
  readonly flow: SipFlow;
  readonly message: string;
}

interface Listening {
  readonly transport: SipTransport;
  readonly bound: ListeningAddress;
  readonly received: Received[];
  readonly failures: Error[];
  readonly clock: FakeClock;
}

interface Peer {
  readonly socket: Socket;
  heard(): string;
  closed(): boolean;
}

const opened: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function listen(options: Partial<TcpTransportOptions> = {}): Promise<Listening> {
  const clock = new FakeClock();
  const transport = createTcpTransport({ address: '127.0.0.1', port: 0, clock, ...options });
  opened.push(() => transport.close());
  const received: Received[] = [];
  const failures: Error[] = [];
  const bound = await transport.start({
    onMessage: (flow, message) => received.push({ flow, message: message.toString('latin1') }),
    onFailure: (error) => failures.push(error),
  });
  return { transport, bound, received, failures, clock };
}

async function connect(bound: ListeningAddress, address = '127.0.0.1'): Promise<Peer> {
  const socket = createConnection({ host: address, port: bound.port });
  opened.push(() => void socket.destroy());
  let heard = '';
  let closed = false;
  socket.on('data', (chunk) => {
    heard += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', resolve));
  return { socket, heard: () => heard, closed: () => closed };
}

const until = (condition: () => boolean): Promise<void> => expect.poll(condition).toBe(true);

/** Lets what is under way on loopback arrive, where the point is that nothing happens. */
const settle = (): Promise<void> => eventLoopTurns(50);

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ...(hasIpv6 ? [['::', '::1'] as const] : []),
] as const)('bound to %s, a message from %s comes over a flow that leads back', async (address, source) => {
  const { bound, received } = await listen({ address });
  const { socket, heard } = await connect(bound, source);
  socket.write(invite());
  await until(() => received.length === 1);
  const [{ flow }] = received as [Received];
  expect(flow).toMatchObject({
    protocol: 'tcp',
    reliable: true,
    closed: false,
    remote: { address: source, port: socket.localPort },
    local: { address: source, port: bound.port },
  });
  flow.send(Buffer.from('SIP/2.0 100 Trying\r\n\r\n'));
  await until(() => heard() === 'SIP/2.0 100 Trying\r\n\r\n');
});

test('split and pipelined messages come one by one', async () => {
  const { bound, received } = await listen();
  const { socket } = await connect(bound);
  const stream = Buffer.concat([invite(), invite(), invite()]);
  socket.write(stream.subarray(0, 20));
  await settle();
  socket.write(stream.subarray(20));
  await until(() => received.length === 3);
  expect(new Set(received.map(({ flow }) => flow)).size).toBe(1);
});

test('a keep-alive is answered by one CRLF, a flood of them by no flood', async () => {
  const { bound } = await listen();
  const { socket, heard } = await connect(bound);
  socket.write('\r\n\r\n');
  await until(() => heard() === '\r\n');
  socket.write('\r\n\r\n'.repeat(10_000));
  await settle();
  expect(heard().length).toBeLessThan(200);
});

test('a 60 KB header block passes', async () => {
  const { bound, received } = await listen();
  const { socket } = await connect(bound);
  const bytes = wire('INVITE sip:a@b SIP/2.0', [...soundFields, `X: ${'x'.repeat(60 * 1024)}`, 'Content-Length: 0']);
  socket.write(bytes);
  await until(() => received.length === 1);
  expect(received[0]?.message).toHaveLength(bytes.length);
});

test('a peer that pipelines thousands of messages does not hold up the event loop', async () => {
  const { bound, received } = await listen();
  const { socket } = await connect(bound);
  const total = 8_000;
  const stream = Buffer.concat(new Array<Buffer>(total).fill(invite()));
  const perTurn: number[] = [];
  let counted = 0;
  const turn = (): void => {
    perTurn.push(received.length - counted);
    counted = received.length;
    if (counted < total) setImmediate(turn);
  };
  socket.write(stream);
  setImmediate(turn);
  await until(() => counted === total);
  // One read of 64 KB a turn; a short one may come just before it.
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(2 * Math.ceil(65_536 / invite().length));
});

describe('a frame whose end cannot be told', () => {
  test('can still be answered; the connection ends after that and reads nothing more', async () => {
    const { bound, received, clock } = await listen();
    const { socket, heard, closed } = await connect(bound);
    socket.write(Buffer.concat([wire('INVITE sip:a@b SIP/2.0', [...soundFields, 'l: 1', 'l: 2']), invite()]));
    await until(() => received.length === 1);
    socket.write(invite());
    received[0]?.flow.send(Buffer.from('SIP/2.0 400 Bad Request\r\n\r\n'));
    await until(() => heard() !== '');
    await settle();
    expect([received.length, closed()]).toEqual([1, false]);
    clock.advance(tcpTransportDefaults.lingerMs);
    await until(closed);
    expect(heard()).toBe('SIP/2.0 400 Bad Request\r\n\r\n');
  });

  test('a long answer to it gets out whole, also to a slow reader', async () => {
    const { bound, received, clock } = await listen({ limits: { unsentBytes: 1 << 26 } });
    const { socket, heard, closed } = await connect(bound);
    socket.pause();
    socket.write('INVITE sip:a@b SIP/2.0\r\n\r\n');
    await until(() => received.length === 1);
    received[0]?.flow.send(Buffer.alloc(1 << 24, 'x'));
    clock.advance(tcpTransportDefaults.lingerMs);
    await settle();
    socket.resume();
    await until(closed);
    expect(heard()).toHaveLength(1 << 24);
  });

  test('is not waited for', async () => {
    const { bound, received } = await listen();
    const { socket } = await connect(bound);
    socket.write(wire('INVITE sip:a@b SIP/2.0', [...soundFields, 'Content-Length: 2000000000']));
    await until(() => received.length === 1);
  });

  test('a peer that goes on sending is cut off', async () => {
    const { bound, clock } = await listen();
    const { socket, closed } = await connect(bound);
    socket.write('\x16\x03\x01 not SIP');
    await settle();
    clock.advance(tcpTransportDefaults.lingerMs);
    await settle();
    socket.write('x'.repeat(1_000));
    clock.advance(tcpTransportDefaults.lingerMs);
    await until(closed);
  });
});

describe('time limits', () => {
  test('a message must be whole in time, however steadily it trickles', async () => {
    const { bound, clock, received } = await listen();
    const { socket, closed } = await connect(bound);
    socket.write(invite());
    await until(() => received.length === 1);
    socket.write('INVITE sip');
    await settle();
    clock.advance(tcpTransportDefaults.partialMessageMs - 1);
    socket.write(':a@b');
    await settle();
    expect(closed()).toBe(false);
    clock.advance(1);
    await until(closed);
  });

  test('each message has its own time', async () => {
    const { bound, clock, received } = await listen();
    const { socket, closed } = await connect(bound);
    for (let index = 1; index <= 3; index += 1) {
      socket.write(invite().subarray(0, 50));
      await settle();
      clock.advance(tcpTransportDefaults.partialMessageMs - 1);
      socket.write(Buffer.concat([invite().subarray(50), invite().subarray(0, 10)]));
      await until(() => received.length === index * 2 - 1);
      clock.advance(tcpTransportDefaults.partialMessageMs - 1);
      socket.write(invite().subarray(10));
      await until(() => received.length === index * 2);
    }
    expect(closed()).toBe(false);
  });

  test('a connection that sends nothing but keep-alives is not kept', async () => {
    const { bound, clock } = await listen();
    const { socket, heard, closed } = await connect(bound);
    socket.write('\r\n\r\n');
    await until(() => heard() !== '');
    clock.advance(tcpTransportDefaults.firstMessageMs - 1);
    socket.write('\r\n\r\n');
    await until(() => heard() === '\r\n\r\n');
    expect(closed()).toBe(false);
    clock.advance(1);
    await until(closed);
  });

  test('after a message it may rest for long, and keep-alives renew that', async () => {
    const { bound, clock, received } = await listen();
    const { socket, heard, closed } = await connect(bound);
    socket.write(invite());
    await until(() => received.length === 1);
    const errors: Error[] = [];
    received[0]?.flow.onError((error) => errors.push(error));
    clock.advance(tcpTransportDefaults.idleMs - 1);
    socket.write('\r\n\r\n');
    await until(() => heard() === '\r\n');
    clock.advance(tcpTransportDefaults.idleMs - 1);
    await settle();
    expect(closed()).toBe(false);
    clock.advance(1);
    await until(closed);
    await until(() => errors.length === 1);
    expect(errors[0]).toMatchObject({ code: 'ERR_SIP_TRANSPORT', message: expect.stringContaining('idle') });
  });

  test('no timer outlives its connection', async () => {
    const { transport, bound, clock, received } = await listen();
    const { socket } = await connect(bound);
    socket.write(invite());
    await until(() => received.length === 1);
    expect(clock.pendingTimers).toBe(1);
    await transport.close();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('limits', () => {
  test('one source cannot take more than its share, and gets it back', async () => {
    const { bound, received } = await listen({ limits: { connectionsPerSource: 2 } });
    const first = await connect(bound);
    const second = await connect(bound);
    const third = await connect(bound);
    await until(third.closed);
    expect([first.closed(), second.closed()]).toEqual([false, false]);
    first.socket.destroy();
    await settle();
    const fourth = await connect(bound);
    fourth.socket.write(invite());
    await until(() => received.length === 1);
  });

  test('all sources together cannot exceed the total', async () => {
    const { transport, bound, clock } = await listen({ limits: { connections: 1 } });
    await connect(bound);
    const second = await connect(bound);
    await until(second.closed);
    const flow = transport.flowTo({ address: '127.0.0.1', port: 9 });
    const errors: Error[] = [];
    flow.onError((error) => errors.push(error));
    flow.send(Buffer.from('x'));
    await until(() => errors.length > 0);
    expect(errors[0]?.message).toContain('too many connections');
    expect(clock.pendingTimers).toBe(1);
  });

  test('peers outside the filter are cut off at once', async () => {
    const { bound, received } = await listen({ accept: () => false });
    const peer = await connect(bound);
    peer.socket.write(invite());
    await until(peer.closed);
    expect(received).toEqual([]);
    expect(peer.heard()).toBe('');
  });

  test('a peer that does not read is cut off before it fills our memory', async () => {
    const { bound, received } = await listen({ limits: { unsentBytes: 100_000 } });
    const { socket } = await connect(bound);
    socket.write(invite());
    await until(() => received.length === 1);
    socket.pause();
    const flow = received[0]?.flow;
    let sends = 0;
    for (; sends < 2_000 && flow?.closed === false; sends += 1) {
      flow.send(Buffer.alloc(20_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sends).toBeLessThan(2_000);
  });
});

describe('connections of ours', () => {
  async function server(): Promise<{ port: number; heard: () => string; sockets: Socket[] }> {
    const sockets: Socket[] = [];
    let heard = '';
    const listener = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        heard += chunk.toString('latin1');
      });
    });
    opened.push(() => {
      for (const socket of sockets) socket.destroy();
      listener.close();
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address();
    if (address === null || typeof address === 'string') throw new Error('not bound');
    return { port: address.port, heard: () => heard, sockets };
  }

  test('one connection serves all flows to a peer, also the one the peer opened', async () => {
    const { transport, received, bound } = await listen({ address: '0.0.0.0' });
    const { port, heard, sockets } = await server();
    const flow = transport.flowTo({ address: '127.0.0.1', port });
    expect(transport.flowTo({ address: '127.0.0.1', port })).toBe(flow);
    expect(flow.local).toEqual({ address: '127.0.0.1', port: bound.port });
    flow.send(Buffer.from('early '));
    await until(() => heard() === 'early ');
    sockets[0]?.write(invite());
    await until(() => received.length === 1);
    expect(received[0]?.flow).toBe(flow);
    const { socket } = await connect(bound);
    socket.write(invite());
    await until(() => received.length === 2);
    expect(transport.flowTo({ address: '127.0.0.1', port: socket.localPort ?? 0 })).toBe(received[1]?.flow);
  });

  test('a refused connection is told to the flow, later, and a new flow tries again', async () => {
    const { transport, clock } = await listen();
    const { port, sockets } = await server();
    const flow = transport.flowTo({ address: '127.0.0.1', port });
    await until(() => sockets.length === 1);
    const errors: Error[] = [];
    flow.onError((error) => errors.push(error));
    sockets[0]?.resetAndDestroy();
    await until(() => flow.closed);
    expect(errors).toMatchObject([{ code: 'ERR_SIP_TRANSPORT' }]);
    flow.send(Buffer.from('x'));
    await until(() => errors.length === 2);
    expect(transport.flowTo({ address: '127.0.0.1', port })).not.toBe(flow);
    const refused = transport.flowTo({ address: '127.0.0.1', port: 1 });
    refused.send(Buffer.from('x'));
    refused.onError((error) => errors.push(error));
    expect(refused.closed).toBe(false);
    await until(() => errors.length === 3);
    expect(errors[2]?.message).toContain('ECONNREFUSED');
    expect(clock.pendingTimers).toBe(1);
  });

  test('a peer that never answers the handshake is given up', async () => {
    const clock = new FakeClock();
    const closed: TcpConnection[] = [];
    // A socket that never gets as far as the handshake: no loopback peer leaves a SYN unanswered.
    const connection = new TcpConnection({
      protocol: 'tcp',
      socket: new Socket(),
      remote: { address: '127.0.0.1', port: 9 },
      local: { address: '127.0.0.1', port: 5060 },
      connecting: true,
      clock,
      limits: tcpTransportDefaults,
      onMessage: () => {},
      onClose: (gone) => closed.push(gone),
    });
    const errors: Error[] = [];
    connection.onError((error) => errors.push(error));
    clock.advance(tcpTransportDefaults.connectMs - 1);
    await settle();
    expect(connection.closed).toBe(false);
    clock.advance(1);
    await until(() => errors.length === 1);
    expect([connection.closed, closed.length, clock.pendingTimers]).toEqual([true, 1, 0]);
  });

  test.each([
    ['localhost', 5060],
    ['127.0.0.1', 0],
    ['127.0.0.1', 99_999],
  ])('a flow to %s port %d is refused', async (address, port) => {
    const { transport } = await listen();
    expect(() => transport.flowTo({ address, port })).toThrow(expect.objectContaining({ code: 'ERR_SIP_MESSAGE' }));
  });
});

test('a close lets written answers out and ends every connection', async () => {
  const { transport, bound, received } = await listen();
  const { socket, heard, closed } = await connect(bound);
  socket.write(invite());
  await until(() => received.length === 1);
  const flow = received[0]?.flow;
  flow?.send(Buffer.from('SIP/2.0 200 OK\r\n\r\n'));
  await transport.close();
  await until(closed);
  expect([heard(), flow?.closed]).toEqual(['SIP/2.0 200 OK\r\n\r\n', true]);
  const late = transport.flowTo({ address: '127.0.0.1', port: 9 });
  await until(() => late.closed);
});

test('a busy port and a name are reported', async () => {
  const { bound } = await listen();
  await expect(listen({ port: bound.port })).rejects.toMatchObject({
    code: 'ERR_LISTEN',
    message: expect.stringContaining(`tcp 127.0.0.1 port ${bound.port}`),
  });
  await expect(listen({ address: 'localhost' })).rejects.toMatchObject({ code: 'ERR_LISTEN' });
});
