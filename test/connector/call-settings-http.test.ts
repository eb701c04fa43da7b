import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import type { RouteConfig, SettingsConfig } from '../../src/config/config.js';
import { CallSettings } from '../../src/connector/settings/call-settings.js';
import { createGuardedFetch } from '../../src/http/guarded-fetch.js';
import { routeDefaults } from '../support/config-defaults.js';
import { createKeptLog } from '../support/silent-log.js';

/** An API on loopback, and settings that may ask it. */
async function setUp(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  { allow = ['127.0.0.1'] }: { readonly allow?: readonly string[] } = {},
) {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const clock = createSystemClock();
  const fetch = createGuardedFetch({ allow, clock });
  onTestFinished(async () => {
    await fetch[Symbol.asyncDispose]();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const log = createKeptLog();
  const settings = new CallSettings({ clock, fetch });
  const routeWith = (rest: Partial<SettingsConfig> = {}): RouteConfig => ({
    ...routeDefaults,
    match: { any: true },
    flavor: 'front',
    settings: {
      url: `http://127.0.0.1:${port}/numbers/{{to}}`,
      format: 'native',
      timeoutMs: 5000,
      cacheSeconds: 60,
      required: true,
      ...rest,
    },
  });
  const facts = { id: 'c', from: '1', to: '20/00', headers: new Map(), moment: { wallTimeMs: 0, timeZone: 'UTC' } };
  const resolve = (route: RouteConfig, signal = new AbortController().signal) =>
    settings.resolve({ route, facts, flavors: new Set(['front', 'back']), log }, signal);
  return { log, resolve, routeWith };
}

test('an API is asked once for two calls at the same time, with the token, and answers both', async () => {
  const asked: (string | undefined)[][] = [];
  const { resolve, routeWith } = await setUp((request, response) => {
    asked.push([request.method, request.url, request.headers.authorization, request.headers.accept]);
    response.setHeader('content-type', 'application/json').end('{"flavor":"back","greeting":"Hi"}');
  });
  const route = routeWith({ token: 'sesame' });
  const both = await Promise.all([resolve(route), resolve(route)]);
  for (const resolved of both) {
    expect(resolved).toMatchObject({ source: 'fetched', route: { flavor: 'back', greeting: { text: 'Hi' } } });
  }
  expect(await resolve(route)).toMatchObject({ source: 'cache' });
  expect(asked).toEqual([['GET', '/numbers/20%2F00', 'Bearer sesame', 'application/json']]);
});

test('an API that never answers costs the call its time-out, and no more', async () => {
  const { log, resolve, routeWith } = await setUp(() => {});
  expect(await resolve(routeWith({ timeoutMs: 50 }))).toEqual({
    outcome: 'reject',
    status: 503,
    why: 'unavailable',
  });
  expect(log.lines.join()).toContain('ERR_HTTP_TIMEOUT');
});

test('an answer without end is not read to its end', async () => {
  const { log, resolve, routeWith } = await setUp((_request, response) => {
    response.end(JSON.stringify({ instructions: 'x'.repeat(100_000) }));
  });
  expect(await resolve(routeWith())).toMatchObject({ outcome: 'reject', status: 503 });
  expect(log.lines.join()).toContain('ERR_HTTP_TOO_LARGE');
});

test('a private address is not reached without leave', async () => {
  const { log, resolve, routeWith } = await setUp((_request, response) => response.end('{}'), { allow: [] });
  expect(await resolve(routeWith())).toMatchObject({ outcome: 'reject', status: 503 });
  expect(log.lines.join()).toContain('ERR_HTTP_BLOCKED');
});

test('a caller who hangs up closes the connection to the API', async () => {
  const hangUp = new AbortController();
  let closed: () => void = () => {};
  const connectionClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const { resolve, routeWith } = await setUp((request) => {
    request.on('close', closed);
    hangUp.abort(new Error('cancelled'));
  });
  await expect(resolve(routeWith(), hangUp.signal)).rejects.toThrow('cancelled');
  await connectionClosed;
});
