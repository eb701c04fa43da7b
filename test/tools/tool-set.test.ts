import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import { createSystemRandom } from '../../src/base/random.js';
import { createGuardedFetch } from '../../src/http/guarded-fetch.js';
import { openToolSet, type ToolOptions, type ToolSet } from '../../src/tools/tool-set.js';
import { importsOf } from '../architecture/source-imports.js';
import { FakeClock } from '../support/fake-clock.js';
import { HttpServer, json } from '../support/http-server.js';
import { McpHttpServer } from '../support/mcp-http-server.js';
import { MemoryLog } from '../support/memory-log.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { FakePhone, sampleFacts } from '../support/tool-runner.js';

const timing = { timeoutMs: 10_000, filler: { text: 'One moment.' }, fillerAfterMs: 700 };
const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

async function open(tools: Readonly<Record<string, ToolOptions>>): Promise<{ set: ToolSet; log: MemoryLog }> {
  const clock = createSystemClock();
  const log = new MemoryLog();
  const http = createGuardedFetch({ allow: ['127.0.0.0/8'], clock });
  onTestFinished(() => http[Symbol.asyncDispose]());
  const set = await openToolSet(tools, { http, clock, log, random: createSystemRandom() });
  onTestFinished(() => set[Symbol.asyncDispose]());
  return { set, log };
}

const webhook = (url: string): ToolOptions => ({
  type: 'webhook',
  description: 'Books.',
  parameters: {},
  url,
  method: 'POST',
  headers: {},
  cancellable: false,
  maxBytes: 1000,
  result: '',
  ...timing,
});

const mcp = (url: string): ToolOptions => ({ type: 'mcp', url, args: [], env: {}, headers: {}, ...timing });

const module: ToolOptions = {
  type: 'module',
  path: file('test/fixtures/tools/json-schema.mjs'),
  ...timing,
  filler: false,
};

function runnerFor(set: ToolSet, names: readonly string[]) {
  const runner = set.forCall({ names, transferTargets: [], call: sampleFacts, log: new MemoryLog() });
  const run = (name: string, args: unknown = {}) =>
    runner.run(
      { id: 't1', name, arguments: args, responseId: undefined },
      new FakePhone(),
      new AbortController().signal,
    );
  return { runner, run };
}

test('a module whose top level never ends is an error that names the tool', async () => {
  const path = join(temporaryDirectory(), 'stuck.mjs');
  writeFileSync(path, 'await new Promise((resolve) => { globalThis.endOfStuckTool = resolve; });');
  const clock = new FakeClock();
  const http = createGuardedFetch({ allow: [], clock });
  onTestFinished(() => http[Symbol.asyncDispose]());
  const tools = { stuck: { ...module, path } as ToolOptions };
  const opened = openToolSet(tools, { http, clock, log: new MemoryLog(), random: createSystemRandom() });
  opened.catch(() => undefined);
  await expect.poll(() => 'endOfStuckTool' in globalThis).toBe(true);
  clock.advance(30_000);
  await expect(opened).rejects.toMatchObject({
    code: 'ERR_TOOL_INVALID',
    message: `tools.stuck: ${path} did not load within 30 s`,
  });
  (globalThis as unknown as { endOfStuckTool: () => void }).endOfStuckTool();
});

test('a program that takes longer to start than its tools may take is waited for', async () => {
  const program = { command: process.execPath, args: [file('test/fixtures/mcp/stdio.mjs')], env: {}, headers: {} };
  const { set, log } = await open({ files: { type: 'mcp', ...program, ...timing, timeoutMs: 20 } });
  await set.warmUp();
  expect(log.at('warn')).toEqual([]);
  expect(runnerFor(set, ['files']).runner.definitions.length).toBeGreaterThan(0);
});

test('a route has the tools that it lists, of every kind, and no other', async () => {
  const server = await HttpServer.start(json({ booked: true }));
  const calendar = await new McpHttpServer().start();
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await calendar[Symbol.asyncDispose]();
  });
  const { set } = await open({ book: webhook(server.url('/')), calendar: mcp(calendar.url), who: module });
  await set.warmUp();
  const { runner, run } = runnerFor(set, ['hang_up', 'book', 'calendar', 'who']);
  expect(runner.definitions.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['hang_up', 'book', 'calendar_echo', 'who']),
  );
  expect(await run('book')).toMatchObject({ output: { booked: true } });
  expect(await run('calendar_echo', { text: 'hi' })).toMatchObject({ output: 'hi' });
  expect(await run('who')).toMatchObject({ output: 'Hello, +441234' });
  expect(runner.timing('book')).toEqual({ ...timing, timeoutMs: 10_500 });
  expect(runner.timing('who').filler).toBeUndefined();
  // What does something for the operator is not stopped by a caller who hangs up.
  const external = ['book', 'calendar_echo', 'who', 'hang_up'].filter((name) => runner.isExternal(name));
  expect(external).toEqual(['book', 'calendar_echo', 'who']);

  const other = runnerFor(set, ['who']);
  expect(other.runner.definitions.map(({ name }) => name)).toEqual(['who']);
  expect(await other.run('book')).toMatchObject({ error: expect.stringContaining('no tool of that name') });
  expect(await other.run('hang_up')).toMatchObject({ error: expect.stringContaining('no tool of that name') });
});

test('a server that is not there costs its own tools alone, and brings them when it comes', async () => {
  const calendar = await new McpHttpServer().start();
  onTestFinished(() => calendar[Symbol.asyncDispose]());
  calendar.instead = (response) => response.writeHead(503).end();
  const { set, log } = await open({ calendar: mcp(calendar.url), who: module });
  await set.warmUp();
  const { runner, run } = runnerFor(set, ['calendar', 'who']);
  expect(runner.definitions.map(({ name }) => name)).toEqual(['who']);
  expect(await run('who')).toMatchObject({ reply: true });
  expect(log.at('warn')).toMatchObject([{ fields: { server: 'calendar', reason: 'HTTP 503' } }]);
  calendar.instead = undefined;
  await set.warmUp();
  expect(runner.definitions.map(({ name }) => name)).toContain('calendar_echo');
});

test('what a server offers later does not take the place of what is there', async () => {
  const calendar = await new McpHttpServer().start();
  onTestFinished(() => calendar[Symbol.asyncDispose]());
  const { set } = await open({ calendar: mcp(calendar.url), calendar_echo: module });
  const { run } = runnerFor(set, ['calendar', 'calendar_echo']);
  expect(await run('calendar_echo')).toMatchObject({ output: 'Hello, +441234' });
  await set.warmUp();
  expect(await run('calendar_echo')).toMatchObject({ output: 'Hello, +441234' });
});

test.each([
  ['book', webhook('nonsense'), /^tools\.book: url: not a url$/],
  ['calendar', { type: 'mcp', args: [], env: {}, headers: {}, ...timing } as const, /^tools\.calendar: neither/],
  ['who', { ...module, path: '/nowhere.js' }, /^tools\.who: there is no file \/nowhere\.js$/],
])('%s that cannot work is named', async (name, options, message) => {
  await expect(open({ [name]: options })).rejects.toMatchObject({
    code: 'ERR_TOOL_INVALID',
    message: expect.stringMatching(message),
  });
});

describe('lazily', () => {
  test('the MCP SDK is imported by one module, which nothing imports at once', () => {
    const files = readdirSync(file('src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => ({ name, text: readFileSync(file(`src/${name}`), 'utf8') }));
    const users = (pattern: RegExp) =>
      files
        .filter(({ text }) => pattern.test(text.replace(/^import type [^;]*;/gm, '')))
        .map(({ name }) => name.replaceAll('\\', '/'));
    expect(users(/^import [^;]*'@modelcontextprotocol/m)).toEqual(['tools/mcp/mcp-connection.ts']);
    expect(users(/^(?:import|export) [^;]*mcp-connection\.js'/m)).toEqual([]);
    const set = readFileSync(file('src/tools/tool-set.ts'), 'utf8');
    expect(importsOf(set).map(({ specifier }) => specifier)).toContain('./mcp/mcp-connection.js');
  });
});
