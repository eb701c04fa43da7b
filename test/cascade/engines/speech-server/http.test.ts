import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createSystemClock } from '../../../../src/base/clock.js';
import { retryAfterMs } from '../../../../src/cascade/engines/speech-server/failures.js';
import {
  SpeechHttp,
  type SpeechHttpAnswer,
  type SpeechHttpRequest,
} from '../../../../src/cascade/engines/speech-server/http.js';
import { eventLoopTurns } from '../../../support/event-loop-turns.js';
import { FakeClock } from '../../../support/fake-clock.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];
const clients: SpeechHttp[] = [];
const never = new AbortController().signal;

afterEach(async () => {
  for (const client of clients.splice(0)) await client[Symbol.asyncDispose]();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handler: Handler): Promise<URL> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/speak`);
}

function client(clock = createSystemClock()): SpeechHttp {
  const http = new SpeechHttp({ who: 'the speech server', connectTimeoutMs: 2_000, clock });
  clients.push(http);
  return http;
}

async function ask(handler: Handler, request: Partial<SpeechHttpRequest> = {}): Promise<SpeechHttpAnswer> {
  return client().request({ url: await serve(handler), firstByteMs: 5_000, ...request }, never);
}

async function bytesOf(answer: SpeechHttpAnswer): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of answer.body) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error) => error,
  );
}

test('what is asked is sent as JSON, and the answer comes as it is', async () => {
  const answer = await ask(
    (request, response) => {
      let body = '';
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', () => response.end(`${request.method} ${request.headers['content-type']} ${body}`));
    },
    { method: 'POST', json: { text: 'Hello.' } },
  );
  expect(await bytesOf(answer)).toBe('POST application/json {"text":"Hello."}');
});

test.each([
  [400, {}, { code: 'ERR_FLAVOR_CONFIG', retryable: false }],
  [401, {}, { code: 'ERR_FLAVOR_AUTH', retryable: false }],
  [402, {}, { code: 'ERR_FLAVOR_QUOTA', retryable: false }],
  [403, {}, { code: 'ERR_FLAVOR_AUTH', retryable: false }],
  [404, { detail: 'Voice file Emily.wav not found.' }, { code: 'ERR_FLAVOR_CONFIG', retryable: false }],
  [408, {}, { code: 'ERR_FLAVOR_TIMEOUT', retryable: true }],
  [422, { detail: [{ msg: 'text is too short' }] }, { code: 'ERR_FLAVOR_CONFIG', retryable: false }],
  [429, { error: { code: 'rate_limit_exceeded' } }, { code: 'ERR_FLAVOR_QUOTA', retryable: true }],
  [429, { error: { type: 'insufficient_quota' } }, { code: 'ERR_FLAVOR_QUOTA', retryable: false }],
  [500, {}, { code: 'ERR_FLAVOR_NETWORK', retryable: true }],
  [503, {}, { code: 'ERR_FLAVOR_NETWORK', retryable: true }],
  [504, {}, { code: 'ERR_FLAVOR_TIMEOUT', retryable: true }],
  [302, {}, { code: 'ERR_FLAVOR_PROTOCOL', retryable: false }],
])('HTTP %s %o is reported as %o, without what the server wrote', async (status, body, expected) => {
  const error = await failure(ask((_request, response) => response.writeHead(status).end(JSON.stringify(body))));
  expect(error).toMatchObject(expected);
  expect(String(error)).toMatch(new RegExp(`HTTP ${status}`));
  expect(String(error)).not.toMatch(/Emily|too short/);
});

test('a refusal whose body never ends is that refusal, and no silence', async () => {
  const error = await failure(
    ask(
      (_request, response) => {
        response.writeHead(401);
        response.write('{');
      },
      { firstByteMs: 100 },
    ),
  );
  expect(error).toMatchObject({ code: 'ERR_FLAVOR_AUTH', retryable: false });
});

test('when to come back is said in seconds or as a date', async () => {
  const busy = (value: string) =>
    failure(ask((_request, response) => response.writeHead(429, { 'retry-after': value }).end()));
  expect(retryAfterMs(await busy('7'))).toBe(7_000);
  expect(retryAfterMs(await busy(new Date(Date.now() + 60_000).toUTCString()))).toBeGreaterThan(50_000);
  expect(retryAfterMs(await busy('soon'))).toBeUndefined();
  expect(retryAfterMs(await busy('99999999'))).toBe(3_600_000);
});

test('nobody there, and a server that speaks something else, are told apart', async () => {
  const url = new URL('http://127.0.0.1:9/');
  const refused = await failure(client().request({ url, firstByteMs: 5_000 }, never));
  expect(refused).toMatchObject({ code: 'ERR_FLAVOR_NETWORK', retryable: true });
  const other = await failure(ask((request) => request.socket.end('SSH-2.0-OpenSSH_9.2\r\n')));
  expect(other).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL' });
});

test('a body that is cut off is no body', async () => {
  const answer = await ask((_request, response) => {
    response.write('half');
    setTimeout(() => response.destroy(), 20);
  });
  const error = await failure(bytesOf(answer));
  expect(error).toMatchObject({ code: 'ERR_FLAVOR_NETWORK', message: 'the speech server broke off its answer' });
});

test('a server that does not answer, does not begin, or does not go on, is given up in time', async () => {
  const clock = new FakeClock();
  const http = client(clock);
  const handlers: readonly Handler[] = [
    () => undefined,
    (_request, response) => response.flushHeaders(),
    (_request, response) => response.write('a beginning'),
  ];
  for (const handler of handlers) {
    let arrived: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const url = await serve((request, response) => {
      handler(request, response);
      arrived();
    });
    const outcome = failure(http.request({ url, firstByteMs: 300, idleMs: 200 }, never).then(bytesOf));
    await arrival;
    // The beginning is on its way.
    await eventLoopTurns(50);
    clock.advance(300);
    expect(await outcome).toMatchObject({ code: 'ERR_FLAVOR_TIMEOUT', retryable: true });
  }
  expect(clock.pendingTimers).toBe(0);
});

test('an abort ends a request that waits for its answer, and one whose body comes', async () => {
  const closed: number[] = [];
  const url = await serve((request, response) => {
    response.on('close', () => closed.push(1));
    if (request.url === '/body') response.write('a beginning');
  });
  for (const path of ['/none', '/body']) {
    const controller = new AbortController();
    const outcome = failure(
      client()
        .request({ url: new URL(path, url), firstByteMs: 5_000 }, controller.signal)
        .then(bytesOf),
    );
    await eventLoopTurns(50);
    controller.abort(new Error('the caller spoke'));
    expect(await outcome).toMatchObject({ message: 'the caller spoke' });
  }
  await expect.poll(() => closed.length).toBe(2);
});

test('whoever leaves a body ends its request', async () => {
  let closed = false;
  const answer = await ask((_request, response) => {
    response.on('close', () => {
      closed = true;
    });
    response.write('a beginning');
  });
  for await (const _part of answer.body) break;
  await expect.poll(() => closed).toBe(true);
});

test('more than is taken is refused', async () => {
  const answer = await ask((_request, response) => response.end('x'.repeat(2_000)), { maxBytes: 1_000 });
  expect(await failure(bytesOf(answer))).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL' });
});

test('a 303 is followed by GET to the same host, as often as was said, and no further', async () => {
  const seen: string[] = [];
  const handler: Handler = (request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['modal-key']}`);
    if (seen.length > 2) response.end('speech');
    else response.writeHead(303, { location: `/speak?result=${seen.length}` }).end();
  };
  const headers = { 'modal-key': 'wk-1' };
  const answer = await ask(handler, { method: 'POST', redirects: 2, headers });
  expect(await bytesOf(answer)).toBe('speech');
  expect(seen).toEqual(['POST /speak wk-1', 'GET /speak?result=1 wk-1', 'GET /speak?result=2 wk-1']);
  seen.length = 0;
  expect(await failure(ask(handler, { redirects: 1 }))).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL' });
});

test('credentials do not follow a redirect to another host', async () => {
  let asked = 0;
  const other = await serve((_request, response) => {
    asked += 1;
    response.end();
  });
  const error = await failure(
    ask((_request, response) => response.writeHead(303, { location: other.href }).end(), { redirects: 5 }),
  );
  expect(error).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL' });
  expect(asked).toBe(0);
});

test('JSON is read as an object, and what is none is said so', async () => {
  expect(await (await ask((_request, response) => response.end('{"loaded":true}'))).json()).toEqual({ loaded: true });
  const error = await failure((await ask((_request, response) => response.end('<html>'))).json());
  expect(error).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL' });
});

test('an API may answer with a list, and with a status that was asked for', async () => {
  const list = await ask((_request, response) => response.end('[1]'));
  expect(await list.jsonValue()).toEqual([1]);
  const missing = await ask((_request, response) => response.writeHead(404).end('{}'), { statuses: [404] });
  expect(missing.status).toBe(404);
  expect(await missing.json()).toEqual({});
});
