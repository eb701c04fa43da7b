import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { ProviderSocket } from '../../../src/cascade/engines/shared/provider-socket.js';
import { SharedTls } from '../../../src/cascade/engines/shared/shared-tls.js';
import { FlavorError } from '../../../src/flavor-api/index.js';
import { FakeClock } from '../../support/fake-clock.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const failure = (what: string): FlavorError => new FlavorError('ERR_FLAVOR_NETWORK', what, true);

/** A server that answers upgrades when it is told to, and a connection to it. */
async function setUp(autoPong = true) {
  const clock = new FakeClock();
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, autoPong });
  closing.push(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });
  const upgrades: [IncomingMessage, Duplex, Buffer][] = [];
  server.on('upgrade', (...upgrade: [IncomingMessage, Duplex, Buffer]) => upgrades.push(upgrade));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const lost: FlavorError[] = [];
  const connecting = ProviderSocket.connect(
    {
      url: new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`),
      headers: {},
      timeoutMs: 30_000,
      maxMessageBytes: 1_000,
      clock,
      failures: {
        refused: () => failure('refused'),
        closed: () => failure('closed'),
        broken: () => failure('broken'),
        late: failure,
      },
      tls: new SharedTls(),
    },
    { onText: () => undefined, onBinary: () => undefined, onLost: (error) => lost.push(error) },
    new AbortController().signal,
  );
  await expect.poll(() => upgrades.length).toBe(1);
  const accept = (): void => {
    for (const upgrade of upgrades.splice(0)) sockets.handleUpgrade(...upgrade, () => undefined);
  };
  return { clock, sockets, lost, connecting, accept };
}

test('a connection that takes its time, within what was allowed, is not missed a sign of life', async () => {
  const { clock, lost, connecting, accept } = await setUp();
  clock.advance(15_000);
  accept();
  const socket = await connecting;
  clock.advance(4_000);
  expect(lost).toEqual([]);
  expect(socket.alive).toBe(true);
  socket.close();
});

test.each([true, false])('a silent connection lives if it answers pings, and is lost if not: %s', async (answers) => {
  const { clock, sockets, lost, connecting, accept } = await setUp(answers);
  accept();
  const socket = await connecting;
  const [client] = sockets.clients;
  for (let round = 1; round <= 3 && socket.alive; round += 1) {
    const pinged = new Promise((resolve) => client?.once('ping', resolve));
    clock.advance(8_000);
    if (socket.alive) await pinged;
    // The answer to a ping of the server's comes after the answer to ours.
    if (answers) {
      const ponged = new Promise((resolve) => client?.once('pong', resolve));
      client?.ping();
      await ponged;
    }
  }
  expect(socket.alive).toBe(answers);
  expect(lost.map(({ message }) => message)).toEqual(answers ? [] : ['to show a sign of life']);
  socket.close();
});
