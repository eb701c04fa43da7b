import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { defineRealtime } from '../../../flavors/openai-realtime/index.js';
import type { Flavor } from '../../../src/flavor-api/index.js';
import { createKeptLog } from '../../support/silent-log.js';
import { configOf, contextOf } from './call.js';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** What the service answers to the settings that the first connection is told; those of later ones it takes. */
type Verdict = { readonly type: string; readonly code: string } | 'close';

/** A flavor with one connection waiting for a call, and how many it has made. */
async function pooled(first: Verdict): Promise<{ readonly flavor: Flavor; made(): number }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  open.push({ close: () => server.close() });
  let made = 0;
  server.on('connection', (socket) => {
    made += 1;
    const verdict = made === 1 ? first : undefined;
    open.push({ close: () => socket.terminate() });
    socket.send('{"type":"session.created","session":{}}');
    socket.on('message', (data) => {
      const event: { type: string; event_id?: string } = JSON.parse(String(data));
      if (event.type !== 'session.update') return;
      if (verdict === 'close') socket.terminate();
      else if (verdict === undefined) socket.send('{"type":"session.updated","session":{}}');
      else socket.send(JSON.stringify({ type: 'error', error: { ...verdict, event_id: event.event_id } }));
    });
  });
  await once(server, 'listening');
  const { port }: AddressInfo = Object(server.address());
  const config = configOf({ url: `ws://127.0.0.1:${port}/v1/realtime`, pool: { size: 1 } });
  const flavor = await defineRealtime().create(config, { log: createKeptLog(), now: () => performance.now() });
  open.push({ close: () => flavor[Symbol.asyncDispose]() });
  await flavor.warmup?.(new AbortController().signal);
  return { flavor, made: () => made };
}

async function openCall(flavor: Flavor): Promise<void> {
  const controller = new AbortController();
  open.push({ close: () => controller.abort() });
  await flavor.open(contextOf({ signal: controller.signal }));
}

test.each<Verdict>(['close', { type: 'server_error', code: 'server_error' }])(
  'a connection that has waited and is of no use (%j) costs a call another one, and nothing else',
  async (verdict) => {
    const { flavor, made } = await pooled(verdict);
    expect(made()).toBe(1);
    await openCall(flavor);
    // One for the call, and one that waits for the next.
    await expect.poll(made).toBe(3);
  },
);

test('settings that a waiting connection refuses are refused, and not tried on another', async () => {
  const { flavor, made } = await pooled({ type: 'invalid_request_error', code: 'invalid_value' });
  await expect(openCall(flavor)).rejects.toMatchObject({ code: 'ERR_FLAVOR_CONFIG', retryable: false });
  // The one that waits for the next call.
  await expect.poll(made).toBe(2);
});
