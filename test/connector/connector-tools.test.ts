import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Config, ToolConfig } from '../../src/config/config.js';
import { HttpServer, json } from '../support/http-server.js';
import { McpHttpServer } from '../support/mcp-http-server.js';
import { answered, bye, type Setup, setUp } from './connector-setup.js';

const timing = { timeoutMs: 10_000, filler: false, fillerAfterMs: 700 } as const;

async function serve(): Promise<HttpServer> {
  const server = await HttpServer.start(json({ booked: true }));
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

const webhook = (url: string): ToolConfig => ({
  type: 'webhook',
  description: 'Books a haircut.',
  parameters: { type: 'object', properties: { day: { type: 'string' } } },
  url,
  method: 'POST',
  headers: {},
  cancellable: false,
  maxBytes: 1000,
  result: '',
  ...timing,
});

const mcp = (url: string): ToolConfig => ({ type: 'mcp', url, args: [], env: {}, headers: {}, ...timing });

/** A connector whose one route has these tools. */
async function withTools(tools: Readonly<Record<string, ToolConfig>>, names: readonly string[]): Promise<Setup> {
  const setup = await setUp();
  const changes: Partial<Config> = {
    http: { allow: ['127.0.0.0/8'] },
    tools,
    transfer: {
      targets: {
        sales: { uri: 'sip:100@pbx.test', description: 'Prices.', headers: {}, mode: 'blind', ringSeconds: 30 },
        owner: { uri: 'tel:+441234', headers: {}, mode: 'blind', ringSeconds: 30 },
      },
    },
    routes: setup.config.routes.map((route) => ({ ...route, tools: names, transfer: ['sales'] })),
  };
  return setUp(changes);
}

test('a call has the tools of its route, and its webhook is asked', async () => {
  const server = await serve();
  const setup = await withTools({ book: webhook(server.url('/book')) }, ['hang_up', 'transfer', 'book']);
  await setup.connector.start();
  const leg = await answered(setup);
  const session = setup.flavors[0]?.sessions[0];
  expect(session?.call.tools.map(({ name }) => name)).toEqual(['hang_up', 'transfer', 'book']);
  const transfer = JSON.stringify(session?.call.tools.find(({ name }) => name === 'transfer'));
  expect(transfer).toContain('"enum":["sales"],"description":"sales: Prices."');
  expect(transfer).not.toMatch(/pbx\.test|owner/);
  session?.events.push({ type: 'tool-call', id: 't1', name: 'book', arguments: { day: 'Monday' } });
  await expect.poll(() => session?.results).toEqual([{ id: 't1', output: { booked: true }, reply: true }]);
  expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ tool: 'book', arguments: { day: 'Monday' } });
  leg.emit(bye);
  expect((await setup.records())[0]?.tools).toMatchObject([{ name: 'book', ok: true }]);
});

test('MCP servers are connected before the first call, and told goodbye at the end', async () => {
  const server = await new McpHttpServer().start();
  onTestFinished(() => server[Symbol.asyncDispose]());
  const setup = await withTools({ calendar: mcp(server.url) }, ['calendar']);
  await setup.connector.start();
  expect(server.sessions).toBe(1);
  const leg = await answered(setup);
  const session = setup.flavors[0]?.sessions[0];
  expect(session?.call.tools.map(({ name }) => name)).toContain('calendar_echo');
  session?.events.push({ type: 'tool-call', id: 't1', name: 'calendar_echo', arguments: { text: 'hi' } });
  await expect.poll(() => session?.results).toMatchObject([{ output: 'hi' }]);
  leg.emit(bye);
  await setup.connector.stop();
  expect(server.sessions).toBe(0);
  expect(setup.clock.pending.size).toBe(0);
});

test('a reload brings other tools; calls that are up keep theirs', async () => {
  const server = await serve();
  const setup = await withTools({ book: webhook(server.url('/old')) }, ['book']);
  await setup.connector.start();
  const leg = await answered(setup);
  await setup.connector.apply({ ...setup.config, tools: { book: webhook(server.url('/new')) } });
  const call = (index: number): void =>
    setup.flavors[index]?.sessions[0]?.events.push({ type: 'tool-call', id: 't', name: 'book', arguments: {} });
  call(0);
  await expect.poll(() => server.seen.map(({ url }) => url)).toEqual(['/old']);
  await answered(setup, { callId: 'other' });
  call(1);
  await expect.poll(() => server.seen.map(({ url }) => url)).toEqual(['/old', '/new']);
  leg.emit(bye);
});

test('a tool that cannot work keeps the connector from starting, and a reload from being taken', async () => {
  const broken: ToolConfig = {
    type: 'module',
    path: fileURLToPath(new URL('nowhere.mjs', import.meta.url)),
    ...timing,
  };
  const setup = await withTools({ broken }, ['broken']);
  await expect(setup.connector.start()).rejects.toMatchObject({
    code: 'ERR_TOOL_INVALID',
    message: expect.stringContaining('tools.broken: there is no file'),
  });
  const running = await withTools({}, []);
  await running.connector.start();
  const outcome = await running.connector.apply({ ...running.config, tools: { broken } });
  expect(outcome).toMatchObject({ ok: false, problem: expect.stringContaining('tools.broken') });
});
