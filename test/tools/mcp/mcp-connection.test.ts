import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Clock, createSystemClock } from '../../../src/base/clock.js';
import { createGuardedFetch } from '../../../src/http/guarded-fetch.js';
import { connectMcp } from '../../../src/tools/mcp/mcp-connection.js';
import type { McpAddress, McpConnection } from '../../../src/tools/mcp/mcp-server.js';
import { FakeClock } from '../../support/fake-clock.js';
import { McpHttpServer } from '../../support/mcp-http-server.js';

const script = fileURLToPath(new URL('../../fixtures/mcp/stdio.mjs', import.meta.url));
const stdio: McpAddress = { command: process.execPath, args: [script], env: { LISTED: 'yes' } };

async function startHttp(): Promise<McpHttpServer> {
  const server = await new McpHttpServer().start();
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

async function connect(
  address: McpAddress,
  allow: readonly string[] = ['127.0.0.0/8'],
  clock: Clock = createSystemClock(),
) {
  const http = createGuardedFetch({ allow, clock });
  const events: string[] = [];
  const handlers = { onToolsChanged: () => events.push('changed'), onLost: (reason: string) => events.push(reason) };
  const opening = connectMcp({ address, requestMs: 10_000 }, handlers, { http, clock }, live());
  let connection: McpConnection | undefined;
  onTestFinished(async () => {
    await connection?.close();
    await http[Symbol.asyncDispose]();
  });
  connection = await opening;
  return { connection, events };
}

/** Of a call that goes on. */
const live = (): AbortSignal => new AbortController().signal;
const call = (name: string, args = {}, timeoutMs = 10_000) => ({ name, arguments: args, timeoutMs });

describe.each(['stdio', 'streamable HTTP'])('a server over %s', (kind) => {
  const open = async () => connect(kind === 'stdio' ? stdio : { url: (await startHttp()).url, headers: {} });

  test('lists its tools, page by page', async () => {
    const { connection } = await open();
    const tools = await connection.list();
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['echo', 'add', 'fail', 'slow']));
    expect(tools[0]?.parameters).toMatchObject({ type: 'object', required: ['text'] });
  });

  test('runs them: text, structured content, and what nobody can hear', async () => {
    const { connection } = await open();
    await connection.list();
    expect(await connection.call(call('echo', { text: 'hello' }), live())).toBe('hello');
    expect(await connection.call(call('add', { a: 1, b: 2 }), live())).toEqual({ sum: 3 });
    // Against its own schema, which is the server's business.
    expect(await connection.call(call('add', { a: 'x' }), live())).toEqual({ sum: null });
    expect(await connection.call(call('mixed.content'), live())).toBe('one\n(a picture)\ntwo\nthree');
  });

  test('says in its own words what went wrong', async () => {
    const { connection } = await open();
    await expect(connection.call(call('fail'), live())).rejects.toMatchObject({
      kind: 'refused',
      message: 'The calendar is locked.',
    });
    await expect(connection.call(call('echo'), live())).rejects.toMatchObject({
      kind: 'refused',
      message: 'text is missing',
    });
  });

  test('that does not answer is left at the time-out', async () => {
    const { connection } = await open();
    await expect(connection.call(call('slow', {}, 50), live())).rejects.toMatchObject({ kind: 'timeout' });
    expect(await connection.call(call('echo', { text: 'still here' }), live())).toBe('still here');
  });

  test('is told when nobody waits any more', async () => {
    const { connection } = await open();
    const abort = new AbortController();
    const slow = connection.call(call('slow'), abort.signal);
    const reason = new Error('The call is over.');
    abort.abort(reason);
    await expect(slow).rejects.toBe(reason);
  });

  test('says when it has other tools', async () => {
    const { connection, events } = await open();
    await connection.call(call('grow'), live());
    await expect.poll(() => events).toEqual(['changed']);
    expect((await connection.list()).at(-1)?.name).toBe('grown');
  });

  test('that answers beyond all measure loses its answer, not the connector', async () => {
    const { connection } = await open();
    await expect(connection.call(call('flood', {}, 2_000), live())).rejects.toMatchObject({ name: 'McpFailure' });
  });

  test('is not missed once it was closed', async () => {
    const { connection, events } = await open();
    await connection.close();
    await connection.close();
    await expect(connection.call(call('echo', { text: 'x' }), live())).rejects.toMatchObject({ kind: 'lost' });
    expect(events).toEqual([]);
  });
});

describe('over stdio', () => {
  test('a server gets the listed part of the environment, and the few variables that programs need', async () => {
    process.env['CANARY_SECRET'] = 'canary-env-value';
    onTestFinished(() => {
      delete process.env['CANARY_SECRET'];
    });
    const { connection } = await connect(stdio);
    const env = await connection.call(call('env'), live());
    expect(env).toMatchObject({ LISTED: 'yes' });
    const usual = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER', 'LISTED'];
    expect(Object.keys(env ?? {}).filter((name) => !usual.includes(name) && !name.startsWith('__'))).toEqual([]);
  });

  test('a server that dies is lost, and what it was doing fails', async () => {
    const { connection, events } = await connect(stdio);
    await expect(connection.call(call('crash'), live())).rejects.toMatchObject({ kind: 'lost' });
    expect(events).toEqual(['the connection was closed']);
  });

  test.each([
    ['blank lines', '\n'],
    ['lines that are no message', '{}\n'],
    ['notifications', '{"jsonrpc":"2.0","method":"notifications/x"}\n'],
  ])('a server that writes %s without end is ended, and few of them are read', async (_what, line) => {
    let read = 0;
    const parse = JSON.parse;
    const { connection, events } = await connect(stdio);
    vi.spyOn(JSON, 'parse').mockImplementation((...args: Parameters<typeof parse>) => {
      read += 1;
      return parse(...args);
    });
    onTestFinished(() => void vi.restoreAllMocks());
    await expect(connection.call(call('babble', { line }), live())).rejects.toMatchObject({ kind: 'lost' });
    expect(events).toEqual(['more than 1000 messages a second']);
    expect(read).toBeLessThan(20_000);
  });

  test('a program that is not there, or says nothing, is a failure', async () => {
    await expect(connect({ command: '/nowhere/to/be/found', args: [], env: {} })).rejects.toMatchObject({
      kind: 'lost',
      message: 'its program is not there',
    });
    await expect(connect({ command: process.execPath, args: ['-e', ''], env: {} })).rejects.toMatchObject({
      kind: 'lost',
    });
  });
});

describe('over streamable HTTP', () => {
  test('configured header fields go with every request, and a session ends with DELETE', async () => {
    const server = await startHttp();
    const { connection } = await connect({ url: server.url, headers: { Authorization: 'Bearer key' } });
    await connection.call(call('echo', { text: 'x' }), live());
    await connection.close();
    expect(server.seen.every(({ headers }) => headers.authorization === 'Bearer key')).toBe(true);
    expect(server.seen.at(-1)?.method).toBe('DELETE');
    expect(server.sessions).toBe(0);
  });

  test('a cancelled tool is cancelled at the server', async () => {
    const server = await startHttp();
    const { connection } = await connect({ url: server.url, headers: {} });
    const abort = new AbortController();
    const slow = connection.call(call('slow'), abort.signal);
    await expect.poll(() => server.seen.filter(({ method }) => method === 'POST').length).toBeGreaterThan(2);
    abort.abort(new Error('over'));
    await expect(slow).rejects.toThrow('over');
    await expect.poll(() => server.journal.cancelled).toEqual(['slow']);
  });

  test('a server that was restarted has forgotten us', async () => {
    const server = await startHttp();
    const { connection } = await connect({ url: server.url, headers: {} });
    server.forgetSessions();
    await expect(connection.call(call('echo', { text: 'x' }), live())).rejects.toMatchObject({
      kind: 'forgotten',
      message: 'HTTP 404',
    });
  });

  test.each([0, 1e12])(
    'a server that ends its stream and wants us back in %i ms is left for a second',
    async (retry) => {
      const clock = new FakeClock();
      const server = await startHttp();
      server.stream = (response) =>
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`retry: ${retry}\n\n`);
      const { connection } = await connect({ url: server.url, headers: {} }, undefined, clock);
      const streams = (): number => server.seen.filter(({ method }) => method === 'GET').length;
      await expect.poll(() => clock.pendingTimers).toBeGreaterThan(0);
      await connection.call(call('echo', { text: 'x' }), live());
      await setTimeout(100);
      expect(streams()).toBe(1);
      clock.advance(1000);
      await expect.poll(() => streams()).toBe(2);
      await setTimeout(50);
      expect(streams()).toBe(2);
    },
  );

  test('a request that is not answered ends with the connection', async () => {
    const server = await startHttp();
    const { connection } = await connect({ url: server.url, headers: {} });
    let gone: (() => void) | undefined;
    const left = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const asked = new Promise<void>((resolve) => {
      server.instead = (response) => {
        // The stream of server messages, which may come only now.
        if (response.req.method === 'GET') response.writeHead(405).end();
        else {
          response.once('close', () => gone?.());
          resolve();
        }
      };
    });
    const answer = connection.call(call('echo', { text: 'x' }), live());
    await asked;
    server.instead = undefined;
    await connection.close();
    await expect(answer).rejects.toMatchObject({ kind: 'lost' });
    await left;
  });

  test('a request that is not answered in time is ended, whatever the tool may take', async () => {
    const clock = new FakeClock();
    const server = await startHttp();
    const { connection } = await connect({ url: server.url, headers: {} }, undefined, clock);
    const left = new Promise<void>((resolve) => {
      server.instead = (response) => {
        if (response.req.method === 'GET') response.writeHead(405).end();
        else {
          response.once('close', resolve);
          clock.advance(10_000);
        }
      };
    });
    const answer = connection.call(call('echo', { text: 'x' }, 60_000), live());
    await expect(answer).rejects.toMatchObject({ kind: 'timeout' });
    await left;
    server.instead = undefined;
  });

  test('an address that may not be asked is not asked', async () => {
    const server = await startHttp();
    await expect(connect({ url: server.url, headers: {} }, [])).rejects.toMatchObject({
      kind: 'lost',
      message: expect.stringMatching(/^ERR_HTTP_BLOCKED: 127\.0\.0\.1/),
    });
    expect(server.seen).toEqual([]);
  });

  test('where a server cannot be reached, the host is named and what is wrong, and nothing else of its address', async () => {
    const server = await startHttp();
    const { url } = server;
    await server.stop();
    const { host } = new URL(url);
    await expect(connect({ url: `${url}?key=canary`, headers: {} })).rejects.toMatchObject({
      kind: 'lost',
      message: `ERR_HTTP_FAILED: the request to ${host} failed: ECONNREFUSED`,
    });
  });

  test('a redirect to somewhere else is not followed', async () => {
    const server = await startHttp();
    server.instead = (response) => response.writeHead(307, { location: 'http://169.254.169.254/' }).end();
    await expect(connect({ url: server.url, headers: {} })).rejects.toMatchObject({ kind: 'lost' });
    expect(server.seen).toHaveLength(1);
  });

  test('no word of the server is in a failure that goes to logs', async () => {
    const server = await startHttp();
    server.instead = (response) => response.writeHead(500).end('canary-of-the-server');
    await expect(connect({ url: server.url, headers: {} })).rejects.toMatchObject({
      kind: 'lost',
      message: 'HTTP 500',
    });
  });
});
