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

test('a connection that takes its time, within what was allowed, is not missed a sign of life', async () => {
  const clock = new FakeClock();
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true });
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
  clock.advance(15_000);
  for (const upgrade of upgrades) sockets.handleUpgrade(...upgrade, () => undefined);
  const socket = await connecting;
  clock.advance(4_000);
  expect(lost).toEqual([]);
  expect(socket.alive).toBe(true);
  socket.close();
});
