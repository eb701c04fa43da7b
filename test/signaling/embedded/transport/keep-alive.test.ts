import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { KEEP_ALIVE_ANSWER_MS, KeepAlive } from '../../../../src/signaling/embedded/transport/keep-alive.js';
import { createTcpTransport } from '../../../../src/signaling/embedded/transport/tcp-transport.js';
import { eventLoopTurns } from '../../../support/event-loop-turns.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { invite } from '../../message/samples.js';

const opened: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

const until = (condition: () => boolean): Promise<void> => expect.poll(condition).toBe(true);

/** A TCP peer that answers keep-alives as long as it is told to. */
async function peer() {
  const connections: Socket[] = [];
  const state = { answers: true, pings: 0, heard: '' };
  const server = createServer((socket) => {
    connections.push(socket);
    opened.push(() => void socket.destroy());
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      state.heard += chunk.toString('latin1');
      if (chunk.toString('latin1') !== '\r\n\r\n') return;
      state.pings += 1;
      if (state.answers) socket.write('\r\n');
    });
  });
  opened.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { connections, state, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

async function connected(answers: boolean) {
  const clock = new FakeClock();
  const { state, port, connections } = await peer();
  state.answers = answers;
  const keepAlive = { random: new SeededRandom(1), intervalMs: 25_000 };
  const transport = createTcpTransport({ address: '127.0.0.1', port: 0, clock, keepAlive });
  opened.push(() => transport.close());
  await transport.start({ onMessage: () => {}, onFailure: () => {} });
  const flow = transport.flowTo({ address: '127.0.0.1', port });
  // The deadline for the connection, replaced by rest and keep-alive.
  await until(() => connections.length === 1 && clock.pendingTimers === 2);
  const ping = async (): Promise<void> => {
    const before = state.pings;
    clock.advance(25_000);
    await until(() => state.pings === before + 1);
    await eventLoopTurns(50);
  };
  return { clock, state, flow, ping };
}

test('a connection that we opened is kept open; a peer that falls silent is given up', async () => {
  const { clock, state, flow, ping } = await connected(true);
  await ping();
  await ping();
  expect(flow.closed).toBe(false);
  // Two answers are no keep-alive of the peer's.
  expect(state.heard).toBe('\r\n'.repeat(4));
  state.answers = false;
  await ping();
  const errors: Error[] = [];
  flow.onError((error) => errors.push(error));
  clock.advance(KEEP_ALIVE_ANSWER_MS);
  await until(() => errors.length === 1);
  expect(errors[0]?.message).toContain('no answer to our keep-alive');
  expect(clock.pendingTimers).toBe(0);
});

test('a peer that never answers them does not know them, and is left alone', async () => {
  const { flow, ping } = await connected(false);
  for (let round = 0; round < 3; round += 1) await ping();
  expect(flow.closed).toBe(false);
});

test('a connection that the peer opened is not ours to keep', async () => {
  const clock = new FakeClock();
  const keepAlive = { random: new SeededRandom(1), intervalMs: 25_000 };
  const transport = createTcpTransport({ address: '127.0.0.1', port: 0, clock, keepAlive });
  opened.push(() => transport.close());
  let messages = 0;
  const bound = await transport.start({
    onMessage: () => {
      messages += 1;
    },
    onFailure: () => {},
  });
  const other = createTcpTransport({ address: '127.0.0.1', port: 0, clock: new FakeClock() });
  opened.push(() => other.close());
  await other.start({ onMessage: () => {}, onFailure: () => {} });
  other.flowTo({ address: '127.0.0.1', port: bound.port }).send(invite());
  await until(() => messages === 1);
  expect(clock.pendingTimers).toBe(1);
});

test('gaps are drawn from the last fifth of the interval (RFC 5626 section 4.4), and end with stop', () => {
  const clock = new FakeClock();
  const sentAt: number[] = [];
  const keepAlive = new KeepAlive({
    ...{ clock, random: new SeededRandom(7), intervalMs: 25_000 },
    send: () => sentAt.push(clock.now()),
  });
  clock.advance(2_500_000);
  const gaps = sentAt.map((atMs, index) => atMs - (sentAt[index - 1] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(20_000);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(25_000);
  expect(new Set(gaps).size).toBeGreaterThan(50);
  keepAlive.stop();
  expect(clock.pendingTimers).toBe(0);
});
