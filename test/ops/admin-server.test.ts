import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { errorCode } from '../../src/base/connector-error.js';
import { errorCodes } from '../../src/base/error-codes.js';
import { authenticationDefaults } from '../../src/ops/admin/authentication.js';
import { adminServerDefaults } from '../../src/ops/admin-server.js';
import { ADMIN_TOKEN, type AdminBench, adminBench } from '../support/admin-bench.js';
import { CanaryCage } from '../support/canary.js';
import { sampleSummary } from '../support/sample-record.js';

/** Sends bytes as they are and returns what comes back until the other side closes. */
function raw(port: number, text: string, localAddress = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress }, () => socket.write(text, 'latin1'));
    let received = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      received += chunk;
    });
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
    onTestFinished(() => {
      socket.destroy();
    });
  });
}

/** The code of an error answer, whose shape is checked. */
async function errorOf(response: Response): Promise<string | undefined> {
  const body = (await response.json()) as { error?: { code?: string; message?: string } };
  expect(Object.keys(body)).toEqual(['error']);
  expect(Object.keys(body.error ?? {})).toEqual(['code', 'message']);
  expect(Object.keys(errorCodes)).toContain(body.error?.code);
  return body.error?.code;
}

interface Description {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { responses: Record<string, object>; security?: unknown[] }>>;
}

async function routesOf({ request }: AdminBench): Promise<(readonly [string, string])[]> {
  const { paths } = (await (await request('/openapi.json')).json()) as Description;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
  );
}

test('liveness and readiness need no token; readiness says why not', async () => {
  const { request, control } = await adminBench();
  const live = await request('/livez', { token: null });
  expect([live.status, await live.json()]).toEqual([200, { alive: true }]);
  const ready = await request('/readyz', { token: null });
  expect([ready.status, await ready.json()]).toEqual([200, { ready: true, reasons: [] }]);
  control.readiness = { ready: false, reasons: ['draining'] };
  const draining = await request('/readyz', { token: null });
  expect([draining.status, await draining.json()]).toEqual([503, { ready: false, reasons: ['draining'] }]);
  expect((await request('/livez', { token: null, method: 'HEAD' })).status).toBe(200);
});

test('all other routes answer 401 without a token, and so does every path that is no route', async () => {
  const bench = await adminBench();
  bench.control.active.set('call-1', sampleSummary());
  const routes = (await routesOf(bench)).filter(([, path]) => path !== '/livez' && path !== '/readyz');
  expect(routes.length).toBe(12);
  const others = [
    ['GET', '/'],
    ['GET', '/nothing'],
    ['POST', '/livez'],
    ['PUT', '/calls'],
    ['OPTIONS', '/calls'],
    ['HEAD', '/metrics'],
    ['GET', '/livez/'],
    ['GET', '/LIVEZ'],
    ['GET', '//livez'],
    ['GET', '/livez%2f..%2fmetrics'],
    ['GET', '/%zz'],
    ['GET', '/calls/%ff'],
    ['GET', `/calls/${'x'.repeat(1000)}`],
    ['GET', '/documentation/json'],
  ] as const;
  for (const [method, path] of [...routes, ...others]) {
    const response = await bench.request(path.replace('{id}', 'call-1'), { method, token: null });
    expect([method, path, response.status]).toEqual([method, path, 401]);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="voice-connector"');
    expect(response.headers.get('cache-control')).toBe('no-store');
    if (method !== 'HEAD') expect(await errorOf(response)).toBe('ERR_ADMIN_UNAUTHORIZED');
  }
  expect(bench.control).toMatchObject({ hungUp: [], drains: 0 });
  expect(bench.events.stats.subscribers).toBe(0);
});

test.each(['not-the-one', `${ADMIN_TOKEN}x`, ADMIN_TOKEN.slice(0, -1), ADMIN_TOKEN.toUpperCase(), `${ADMIN_TOKEN} x`])(
  'the token %j is wrong',
  async (token) => {
    const { request, log } = await adminBench();
    const response = await request('/calls', { token });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(log.at('warn')).toMatchObject([{ fields: { address: '127.0.0.1' } }]);
    expect(JSON.stringify(log.lines)).not.toContain(token);
  },
);

test('other schemes, and a token in the query, are not taken; the case of "Bearer" does not matter', async () => {
  const { request } = await adminBench();
  const basic = Buffer.from(`admin:${ADMIN_TOKEN}`).toString('base64');
  for (const authorization of [`Basic ${basic}`, ADMIN_TOKEN, `Token ${ADMIN_TOKEN}`]) {
    expect((await request('/calls', { token: null, headers: { authorization } })).status).toBe(401);
  }
  expect((await request(`/calls?token=${ADMIN_TOKEN}`, { token: null })).status).toBe(401);
  const headers = { authorization: `bearer  ${ADMIN_TOKEN}` };
  expect((await request('/calls', { token: null, headers })).status).toBe(200);
});

test('an address that guesses tokens is refused for a while, whatever it sends then', async () => {
  const { request, clock } = await adminBench();
  const { depth, perSecond } = authenticationDefaults.guesses;
  for (let guess = 0; guess < depth; guess += 1) {
    expect((await request('/calls', { token: `guess-${guess}` })).status).toBe(401);
  }
  const refused = await request('/calls');
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe(String(1 / perSecond));
  expect(await errorOf(refused)).toBe('ERR_ADMIN_RATE_LIMITED');
  expect((await request('/readyz', { token: null })).status).toBe(200);
  clock.advance(1000 / perSecond);
  expect((await request('/calls')).status).toBe(200);
});

test('an old token of a dashboard on this machine locks nobody out, and is told once', async () => {
  const { request, log } = await adminBench();
  for (let attempt = 0; attempt < 50; attempt += 1) {
    expect((await request('/calls', { token: 'of-last-year' })).status).toBe(401);
  }
  expect((await request('/calls')).status).toBe(200);
  expect(log.at('warn')).toHaveLength(1);
});

test('who guesses by way of a reverse proxy on this machine locks out himself alone', async () => {
  const { request, log } = await adminBench();
  const by = (client: string, token?: string) => ({
    headers: { 'x-forwarded-for': `10.0.0.1, ${client}` },
    ...(token !== undefined && { token }),
  });
  for (let guess = 0; guess < authenticationDefaults.guesses.depth; guess += 1) {
    expect((await request('/calls', by('192.0.2.7', `guess-${guess}`))).status).toBe(401);
  }
  expect((await request('/calls', by('192.0.2.7'))).status).toBe(429);
  expect((await request('/calls', by('192.0.2.8'))).status).toBe(200);
  expect((await request('/calls')).status).toBe(200);
  expect(log.at('warn')).toMatchObject(Array(10).fill({ fields: { address: '192.0.2.7' } }));
});

test('who makes up an address for each guess is bounded all the same, and locks out nobody without a proxy', async () => {
  const { request } = await adminBench();
  const statuses: number[] = [];
  for (let guess = 0; guess <= authenticationDefaults.proxied.depth; guess += 1) {
    const headers = { 'x-forwarded-for': `192.0.2.${guess}` };
    statuses.push((await request('/calls', { headers, token: `guess-${guess}` })).status);
  }
  expect(statuses.filter((status) => status === 401)).toHaveLength(authenticationDefaults.proxied.depth);
  expect(statuses.at(-1)).toBe(429);
  expect((await request('/calls')).status).toBe(200);
});

test('requests without any token, as a health check sends them, lock nobody out', async () => {
  const { request } = await adminBench();
  for (let attempt = 0; attempt < 50; attempt += 1) await (await request('/calls', { token: null })).text();
  expect((await request('/calls')).status).toBe(200);
});

test('calls are listed, looked at and hung up', async () => {
  const { request, control, log } = await adminBench();
  expect(await (await request('/calls')).json()).toEqual({ calls: [] });
  control.active.set('call-1', sampleSummary());
  control.active.set(
    'call-2',
    sampleSummary({ id: 'call-2', route: null, flavor: null, codec: null, answeredAt: null }),
  );
  expect(await (await request('/calls')).json()).toEqual({ calls: [...control.active.values()] });
  expect(await (await request('/calls/call-2')).json()).toEqual(control.active.get('call-2'));
  const hungUp = await request('/calls/call-1', { method: 'DELETE' });
  expect([hungUp.status, await hungUp.json()]).toEqual([202, { id: 'call-1' }]);
  expect(control.hungUp).toEqual(['call-1']);
  expect(log.lines).toContainEqual({
    level: 'info',
    fields: { call: 'call-1', address: '127.0.0.1' },
    message: 'call hung up by an admin request',
  });
});

test.each(['GET', 'DELETE'])('%s of a call that is not there is 404', async (method) => {
  const { request } = await adminBench();
  const response = await request('/calls/call-9', { method });
  expect(response.status).toBe(404);
  expect(await errorOf(response)).toBe('ERR_ADMIN_NOT_FOUND');
});

test('a recording can be paused and resumed, where there is one', async () => {
  const { request, control } = await adminBench();
  control.active.set('call-1', sampleSummary());
  control.active.set('call-2', sampleSummary({ id: 'call-2' }));
  control.recordings.set('call-1', false);
  const paused = await request('/calls/call-1/recording/pause', { method: 'POST' });
  expect([paused.status, await paused.json()]).toEqual([200, { id: 'call-1', recording: 'paused' }]);
  expect(control.recordings.get('call-1')).toBe(true);
  const resumed = await request('/calls/call-1/recording/resume', { method: 'POST' });
  expect([resumed.status, await resumed.json()]).toEqual([200, { id: 'call-1', recording: 'recording' }]);
  expect(control.recordings.get('call-1')).toBe(false);
  const unrecorded = await request('/calls/call-2/recording/pause', { method: 'POST' });
  expect([unrecorded.status, await errorOf(unrecorded)]).toEqual([409, 'ERR_ADMIN_NOT_RECORDED']);
  const unknown = await request('/calls/call-9/recording/pause', { method: 'POST' });
  expect([unknown.status, await errorOf(unknown)]).toEqual([404, 'ERR_ADMIN_NOT_FOUND']);
});

test('a reload answers with warnings, or with what is wrong', async () => {
  const { request, control } = await adminBench();
  control.reloadResult = async () => ({ ok: true, warnings: ['media.ports needs a restart'] });
  const good = await request('/reload', { method: 'POST' });
  expect([good.status, await good.json()]).toEqual([200, { ok: true, warnings: ['media.ports needs a restart'] }]);
  control.reloadResult = async () => ({ ok: false, errors: 'connector.yaml:3: routs: unknown key' });
  const bad = await request('/reload', { method: 'POST' });
  expect([bad.status, await bad.json()]).toEqual([
    422,
    { error: { code: 'ERR_CONFIG_INVALID', message: 'connector.yaml:3: routs: unknown key' } },
  ]);
});

test('a drain begins', async () => {
  const { request, control } = await adminBench();
  const response = await request('/drain', { method: 'POST', body: '', headers: { 'content-type': 'text/plain' } });
  expect([response.status, await response.json()]).toEqual([202, { draining: true }]);
  expect(control.drains).toBe(1);
});

test('a failure inside is 500 without its details, which go to the log', async () => {
  const { request, control, log } = await adminBench();
  control.reloadResult = async () => {
    throw new Error('/secret/path is broken');
  };
  const response = await request('/reload', { method: 'POST' });
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(text).toContain('ERR_ADMIN_INTERNAL');
  expect(text).not.toContain('secret');
  expect(log.at('error')).toHaveLength(1);
});

test('metrics are served in the text format, admin requests among them by route, not by path', async () => {
  const { request } = await adminBench();
  await (await request('/calls/+442071838750')).text();
  await (await request('/no/such/path-4711')).text();
  const response = await request('/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  expect(text).toContain('voice_connector_admin_requests_total{method="GET",route="/calls/:id",status="4xx"} 1');
  expect(text).toContain('voice_connector_admin_requests_total{method="GET",route="none",status="4xx"} 1');
  expect(text).not.toMatch(/442071838750|4711/);
});

test('what a client sends is limited: body, header, path, query', async () => {
  const { request, port } = await adminBench();
  const large = await request('/drain', { method: 'POST', body: 'x'.repeat(adminServerDefaults.bodyBytes + 1) });
  expect([large.status, await large.json()]).toEqual([
    413,
    { error: { code: 'ERR_ADMIN_REQUEST', message: 'the body is too large' } },
  ]);
  expect((await request(`/calls/${'x'.repeat(200)}`)).status).toBe(400);
  expect((await request(`/calls/${'x'.repeat(1000)}`)).status).toBe(414);
  expect((await request('/events?calls=call-1')).status).toBe(400);
  expect((await request('/%zz')).status).toBe(400);
  const header = `GET /livez HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(adminServerDefaults.headerBytes)}\r\n\r\n`;
  expect(await raw(port, header)).toMatch(/^HTTP\/1\.1 431 (.|\s)*"ERR_ADMIN_REQUEST"/);
});

test.each(['\x16\x03\x01\x02\x00', 'INVITE sip:x SIP/2.0\r\n\r\n', 'GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n'])(
  'what is not HTTP (%j) gets an error in our shape and is disconnected',
  async (text) => {
    const { port, request } = await adminBench();
    const answer = await raw(port, text);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual({
      error: { code: 'ERR_ADMIN_REQUEST', message: 'the request is malformed' },
    });
    expect((await request('/livez')).status).toBe(200);
  },
);

test.each([
  ['header', { headersTimeoutMs: 50, requestTimeoutMs: 60_000 }, 'GET /livez HTTP/1.1\r\nHost: x\r\n'],
  [
    'body',
    { headersTimeoutMs: 50, requestTimeoutMs: 100 },
    'POST /drain HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n',
  ],
])('a request whose %s never ends is cut off', async (_part, limits, text) => {
  const { port, control } = await adminBench({ limits: { ...limits, lateCheckMs: 20 } });
  const answer = await raw(port, text.replace('Host', `Authorization: Bearer ${ADMIN_TOKEN}\r\nHost`));
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(control.drains).toBe(0);
});

/** From addresses of loopback in turn. */
function connections(port: number, count: number, sources: readonly string[]) {
  return Array.from({ length: count }, (_, index) =>
    connect({ port, host: '127.0.0.1', localAddress: sources[index % sources.length] }),
  );
}

test('whoever takes all connections there are leaves some to others', async () => {
  const { port, request } = await adminBench();
  const sockets = connections(port, adminServerDefaults.connections + 8, ['127.0.0.2']);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) socket.on('error', () => undefined);
  const closed = () => sockets.filter((socket) => socket.destroyed).length;
  const excess = sockets.length - adminServerDefaults.connectionsPerSource;
  await expect.poll(closed).toBe(excess);
  expect((await request('/livez', { token: null })).status).toBe(200);
  // One that goes makes room for another of the same address.
  sockets.find((socket) => !socket.destroyed)?.destroy();
  const asked = (): Promise<string> => raw(port, 'GET /livez HTTP/1.0\r\n\r\n', '127.0.0.2').catch(() => '');
  await expect.poll(asked).toContain('200 OK');
});

test('connections are limited', async () => {
  const { port } = await adminBench();
  const sockets = connections(port, adminServerDefaults.connections + 1, ['127.0.0.1', '127.0.0.2']);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  for (const socket of sockets) socket.on('error', () => undefined);
  await Promise.race(closed);
  expect(sockets.filter((socket) => !socket.destroyed)).toHaveLength(adminServerDefaults.connections);
});

test('no answer names software or versions, allows other origins, or may be stored', async () => {
  const { request, port } = await adminBench();
  const answers = await Promise.all([
    request('/livez', { headers: { origin: 'https://evil.example' } }),
    request('/calls', { headers: { origin: 'https://evil.example' } }),
    request('/metrics'),
    request('/nothing'),
    request('/calls', { token: null }),
    request('/calls', {
      method: 'OPTIONS',
      token: null,
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'DELETE' },
    }),
  ]);
  for (const answer of answers) {
    const names = [...answer.headers.keys()];
    expect(names.filter((name) => /server|powered|version|access-control/.test(name))).toEqual([]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.text()).not.toMatch(/fastify|node/i);
  }
  expect(await raw(port, 'nonsense\r\n\r\n')).not.toMatch(/fastify|node|server:/i);
});

test('the description covers every route, with its answers, and says which need no token', async () => {
  const bench = await adminBench();
  const description = (await (await bench.request('/openapi.json')).json()) as Description;
  expect(description.openapi).toBe('3.1.0');
  const routes = await routesOf(bench);
  expect(routes.map((route) => route.join(' ')).sort()).toEqual([
    'DELETE /calls/{id}',
    'GET /calls',
    'GET /calls/{id}',
    'GET /events',
    'GET /livez',
    'GET /metrics',
    'GET /openapi.json',
    'GET /readyz',
    'GET /registrations',
    'POST /calls',
    'POST /calls/{id}/recording/pause',
    'POST /calls/{id}/recording/resume',
    'POST /drain',
    'POST /reload',
  ]);
  for (const [method, path] of routes) {
    const operation = description.paths[path]?.[method.toLowerCase()];
    const open = path === '/livez' || path === '/readyz';
    expect(operation?.security).toEqual(open ? [] : undefined);
    const statuses = Object.keys(operation?.responses ?? {});
    expect(statuses.some((status) => status.startsWith('2'))).toBe(true);
    expect(statuses.includes('401')).toBe(!open);
  }
  const text = JSON.stringify(description);
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    expect(text).toContain(`"${name}":{"type":"object"`);
  }
});

test('the operations page lists exactly the paths there are', async () => {
  const page = await readFile(new URL('../../docs/6-operations.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `(GET|POST|DELETE) (\/[^`]*)` \|/gm)].map(
    ([, method, path]) => `${method} ${path}`,
  );
  const routes = (await routesOf(await adminBench())).map(
    ([method, path]) => `${method} ${path.replace('{id}', ':id')}`,
  );
  expect(listed.sort()).toEqual(routes.sort());
});

test('numbers of callers go to who has the token, and into no log', async () => {
  const { request, control, log } = await adminBench();
  const cage = new CanaryCage();
  const number = '+442071838750';
  control.active.set('call-1', sampleSummary({ from: number }));
  expect(await (await request('/calls')).text()).toContain(number);
  for (const path of ['/calls/call-1', `/calls/${number}`, `/${number}`, `/events?x=${number}`, `/%zz${number}`]) {
    await (await request(path)).text();
    await (await request(path, { token: null })).text();
  }
  await request('/calls/call-1', { method: 'DELETE' });
  cage.collect('log', JSON.stringify(log.lines));
  cage.expectAbsent(number, number.slice(1), ADMIN_TOKEN);
});

test('an address that is taken is ERR_LISTEN', async () => {
  const { port } = await adminBench();
  const failure = await adminBench({ listen: { host: '127.0.0.1', port } }).catch((error: unknown) => error);
  expect(errorCode(failure)).toBe('ERR_LISTEN');
});

test.each(['0.0.0.0', '::', '192.0.2.1', '2001:db8::1', 'example.com', '::ffff:192.0.2.1'])(
  'listening on %s without a configured token is refused before anything is bound',
  async (host) => {
    const failure = await adminBench({ listen: { host, port: 0 }, token: undefined }).catch((error: unknown) => error);
    expect(errorCode(failure)).toBe('ERR_CONFIG_INVALID');
  },
);

test.each(['', 'two words', 'umlaut-ü', 'line\nbreak'])('the token %j cannot be one', async (token) => {
  expect(errorCode(await adminBench({ token }).catch((error: unknown) => error))).toBe('ERR_CONFIG_INVALID');
});

test('without a configured token the one in the file is asked for', async () => {
  const bench = await adminBench({ token: undefined, listen: { host: 'localhost', port: 0 } });
  expect((await bench.request('/calls')).status).toBe(401);
  const [line] = bench.log.lines.filter(({ message }) => message === 'a new admin token was written');
  const token = (await readFile(String(line?.fields['path']), 'utf8')).trim();
  expect((await bench.request('/calls', { token })).status).toBe(200);
  expect(JSON.stringify(bench.log.lines)).not.toContain(token);
});

test('close lets an answer under way finish, then the port is free', async () => {
  const { server, request, control, port } = await adminBench();
  let finish: (() => void) | undefined;
  control.reloadResult = () =>
    new Promise((resolve) => {
      finish = () => resolve({ ok: true, warnings: [] });
    });
  const answer = request('/reload', { method: 'POST' });
  await expect.poll(() => finish).toBeDefined();
  const closed = server.close();
  finish?.();
  expect((await answer).status).toBe(200);
  await closed;
  await server.close();
  const again = await adminBench({ listen: { host: '127.0.0.1', port } });
  expect(again.port).toBe(port);
});

test('two requests on one connection are both checked', async () => {
  const { port } = await adminBench();
  const good = `GET /calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`;
  const answer = await raw(port, `${good}GET /calls HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '401']);
});

test('a request with two Authorization headers is not let in by the second', async () => {
  const { port } = await adminBench();
  const status = await new Promise((resolve, reject) => {
    const call = httpRequest({ port, host: '127.0.0.1', path: '/calls' }, (response) => resolve(response.statusCode));
    call.setHeader('authorization', ['Bearer wrong', `Bearer ${ADMIN_TOKEN}`]);
    call.on('error', reject);
    call.end();
  });
  expect(status).toBe(401);
});
