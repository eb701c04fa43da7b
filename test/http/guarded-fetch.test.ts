import { describe, expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import type { ResolveHost } from '../../src/http/guarded-connector.js';
import {
  createGuardedFetch,
  type GuardedFetch,
  type GuardedFetchOptions,
  type HttpRequest,
} from '../../src/http/guarded-fetch.js';
import { FakeClock } from '../support/fake-clock.js';
import { HttpServer, json, type Responder } from '../support/http-server.js';

const LOOPBACK = ['127.0.0.0/8'];

async function serve(respond: Responder): Promise<HttpServer> {
  const server = await HttpServer.start(respond);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

function guarded(options: Partial<GuardedFetchOptions> = {}): GuardedFetch {
  const http = createGuardedFetch({ allow: LOOPBACK, clock: createSystemClock(), ...options });
  onTestFinished(() => http[Symbol.asyncDispose]());
  return http;
}

/** A resolver that knows `names` and gives each of their answers once, the last one for ever. */
function resolver(names: Readonly<Record<string, readonly (readonly string[])[]>>): ResolveHost {
  const asked = new Map<string, number>();
  return async (hostname) => {
    const count = asked.get(hostname) ?? 0;
    asked.set(hostname, count + 1);
    const answers = names[hostname] ?? [];
    const answer = answers[Math.min(count, answers.length - 1)] ?? [];
    return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
}

const ask = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  url,
  timeoutMs: 10_000,
  maxBytes: 1000,
  ...more,
});

const redirect =
  (location: string, status = 302): Responder =>
  (_request, response) => {
    response.writeHead(status, { location }).end('moved');
  };

test('method, headers and body go out; status, headers and text come back', async () => {
  const server = await serve((_request, response) => {
    response.writeHead(201, { 'X-Kind': 'haircut', 'set-cookie': ['a=1', 'b=2'] }).end('gebucht für 9');
  });
  const answer = await guarded().request(
    ask(server.url('/book?day=1'), { method: 'post', headers: { 'x-shop': 'London' }, body: 'ä' }),
  );
  expect(answer).toMatchObject({ status: 201, body: 'gebucht für 9', headers: { 'x-kind': 'haircut' } });
  expect(answer.headers['set-cookie']).toBe('a=1, b=2');
  expect(server.seen).toMatchObject([
    { method: 'POST', url: '/book?day=1', headers: { 'x-shop': 'London', 'accept-encoding': 'identity' }, body: 'ä' },
  ]);
});

describe('where requests may go', () => {
  test.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/',
    'https://10.0.0.1/',
  ])('%s is blocked without an exception', async (url) => {
    await expect(guarded({ allow: [] }).request(ask(url))).rejects.toMatchObject({ code: 'ERR_HTTP_BLOCKED' });
  });

  test.each(['file:///etc/passwd', 'gopher://127.0.0.1/', 'ftp://127.0.0.1/', 'data:text/plain,x', 'unix:/run/x'])(
    '%s is no url for a request',
    async (url) => {
      await expect(guarded().request(ask(url))).rejects.toMatchObject({ code: 'ERR_HTTP_BLOCKED' });
    },
  );

  test('a url with a password is blocked, and the message does not repeat it', async () => {
    const asked = guarded().request(ask('http://user:hunter2@127.0.0.1/'));
    await expect(asked).rejects.toThrow(/^the url of 127\.0\.0\.1 holds a user or password$/);
  });

  test('a name that resolves to a private address is blocked', async () => {
    const server = await serve(json({}));
    const http = guarded({ allow: [], resolve: resolver({ 'shop.test': [['127.0.0.1']] }) });
    await expect(http.request(ask(`http://shop.test:${server.port}/`))).rejects.toMatchObject({
      code: 'ERR_HTTP_BLOCKED',
      message: 'shop.test has no address that requests may go to',
    });
    expect(server.seen).toEqual([]);
  });

  test('of several addresses only permitted ones are used', async () => {
    const server = await serve(json({}));
    const http = guarded({ resolve: resolver({ 'shop.test': [['10.0.0.1', '127.0.0.1']] }) });
    expect(await http.request(ask(`http://shop.test:${server.port}/`))).toMatchObject({ status: 200 });
    expect(server.seen).toHaveLength(1);
  });

  test('a resolver that changes its mind (DNS rebinding) is asked once for a connection', async () => {
    const server = await serve((_request, response) => response.writeHead(200, { connection: 'close' }).end());
    const answers = [['127.0.0.1'], ['10.0.0.1'], ['127.0.0.1']];
    const http = guarded({ resolve: resolver({ 'shop.test': answers }) });
    expect(await http.request(ask(`http://shop.test:${server.port}/`))).toMatchObject({ status: 200 });
    // That connection is gone: the next one asks again, and what it hears is looked at again.
    await expect(http.request(ask(`http://shop.test:${server.port}/`))).rejects.toMatchObject({
      code: 'ERR_HTTP_BLOCKED',
    });
    expect(await http.request(ask(`http://shop.test:${server.port}/`))).toMatchObject({ status: 200 });
  });

  test('a name without addresses fails', async () => {
    const http = guarded({ resolve: async () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' })) });
    await expect(http.request(ask('http://shop.test/secret?token=1'))).rejects.toMatchObject({
      code: 'ERR_HTTP_FAILED',
      message: 'the request to shop.test failed: ENOTFOUND',
    });
  });
});

describe('redirects', () => {
  test('are followed, a POST becoming a GET where browsers do so', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/') redirect('/there')(request, response);
      else json({ ok: true })(request, response);
    });
    const body = JSON.stringify({ a: 1 });
    const headers = { 'content-type': 'application/json', authorization: 'Bearer x' };
    const answer = await guarded().request(ask(server.url(), { method: 'POST', headers, body }));
    expect(answer).toMatchObject({ status: 200, body: '{"ok":true}' });
    expect(server.seen[1]).toMatchObject({
      method: 'GET',
      url: '/there',
      body: '',
      headers: { authorization: 'Bearer x' },
    });
    expect(server.seen[1]?.headers['content-type']).toBeUndefined();
  });

  test('307 repeats method and body', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/') redirect('/there', 307)(request, response);
      else json({})(request, response);
    });
    await guarded().request(ask(server.url(), { method: 'PUT', body: 'hello' }));
    expect(server.seen[1]).toMatchObject({ method: 'PUT', url: '/there', body: 'hello' });
  });

  test('credentials stay with their origin', async () => {
    const other = await serve(json({}));
    const server = await serve(redirect(other.url()));
    const headers = { Authorization: 'Bearer x', 'X-Api-Key': 'y', Cookie: 'z', Accept: 'application/json' };
    await guarded().request(ask(server.url(), { headers }));
    expect(other.seen[0]?.headers).toMatchObject({ accept: 'application/json' });
    for (const name of ['authorization', 'x-api-key', 'cookie']) expect(other.seen[0]?.headers[name]).toBeUndefined();
  });

  test('a body does not follow to another origin', async () => {
    const other = await serve(json({}));
    const server = await serve(redirect(other.url(), 307));
    const asked = guarded().request(ask(server.url(), { method: 'POST', body: '{"name":"Ann"}' }));
    await expect(asked).rejects.toMatchObject({ code: 'ERR_HTTP_BLOCKED' });
    expect(other.seen).toEqual([]);
  });

  test.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://[::ffff:a9fe:a9fe]/',
    'file:///etc/passwd',
    'http://user:secret@127.0.0.1/',
  ])('to %s are blocked', async (location) => {
    const server = await serve(redirect(location));
    await expect(guarded().request(ask(server.url()))).rejects.toMatchObject({ code: 'ERR_HTTP_BLOCKED' });
  });

  test('end after the third', async () => {
    const server = await serve(redirect('/again'));
    await expect(guarded().request(ask(server.url()))).rejects.toMatchObject({ code: 'ERR_HTTP_FAILED' });
    expect(server.seen).toHaveLength(4);
  });
});

describe('what an answer may cost', () => {
  test('a server that says nothing is left at the time-out', async () => {
    const clock = new FakeClock();
    const http = guarded({ clock });
    const server = await serve(() => clock.advance(500));
    const asked = http.request(ask(server.url('/?token=secret'), { timeoutMs: 500 }));
    await expect(asked).rejects.toMatchObject({
      code: 'ERR_HTTP_TIMEOUT',
      message: `127.0.0.1:${server.port} did not answer within 500 ms`,
    });
    expect(clock.pendingTimers).toBe(0);
  });

  test('the time-out is for the whole answer, not for its pieces', async () => {
    const clock = new FakeClock();
    const server = await serve((_request, response) => {
      response.write('a');
      const trickle = setInterval(() => {
        response.write('b');
        clock.advance(100);
      }, 5);
      response.on('close', () => clearInterval(trickle));
    });
    await expect(guarded({ clock }).request(ask(server.url(), { timeoutMs: 500 }))).rejects.toMatchObject({
      code: 'ERR_HTTP_TIMEOUT',
    });
  });

  test('a resolver that never answers is left at the time-out', async () => {
    const clock = new FakeClock();
    const http = guarded({ clock, resolve: () => new Promise(() => setImmediate(() => clock.advance(500))) });
    await expect(http.request(ask('http://shop.test/', { timeoutMs: 500 }))).rejects.toMatchObject({
      code: 'ERR_HTTP_TIMEOUT',
    });
  });

  test('an endless answer is cut at its limit', async () => {
    const server = await serve((_request, response) => {
      const flood = (): void => {
        while (response.write('x'.repeat(1000)));
      };
      response.on('drain', flood);
      flood();
    });
    await expect(guarded().request(ask(server.url(), { maxBytes: 5000 }))).rejects.toMatchObject({
      code: 'ERR_HTTP_TOO_LARGE',
    });
  });

  test('an answer of exactly the limit is taken', async () => {
    const server = await serve((_request, response) => void response.end('x'.repeat(1000)));
    expect((await guarded().request(ask(server.url()))).body).toHaveLength(1000);
  });

  test('a compressed answer, which nobody asked for, is refused', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('not really');
    });
    await expect(guarded().request(ask(server.url()))).rejects.toMatchObject({ code: 'ERR_HTTP_FAILED' });
  });

  test('headers beyond all measure are refused', async () => {
    const server = await serve((_request, response) => {
      for (let n = 0; n < 50; n += 1) response.setHeader(`x-${n}`, 'y'.repeat(1000));
      response.end();
    });
    await expect(guarded().request(ask(server.url()))).rejects.toMatchObject({ code: 'ERR_HTTP_FAILED' });
  });
});

test('a cancelled request ends with the reason of its signal', async () => {
  const abort = new AbortController();
  const reason = new Error('the call is over');
  const server = await serve(() => abort.abort(reason));
  await expect(guarded().request(ask(server.url(), { signal: abort.signal }))).rejects.toBe(reason);
  await expect(guarded().request(ask(server.url(), { signal: abort.signal }))).rejects.toBe(reason);
  expect(server.seen).toHaveLength(1);
});

test('what is closed takes no more requests and ends those it has', async () => {
  const http = guarded();
  const server = await serve(() => void http[Symbol.asyncDispose]());
  await expect(http.request(ask(server.url()))).rejects.toMatchObject({ code: 'ERR_HTTP_FAILED' });
  await expect(http.request(ask(server.url()))).rejects.toMatchObject({ code: 'ERR_HTTP_FAILED' });
});

test('a header that would become two is refused before anything is sent', async () => {
  const server = await serve(json({}));
  const headers = { 'x-name': 'Eve\r\nx-admin: yes' };
  await expect(guarded().request(ask(server.url(), { headers }))).rejects.toMatchObject({ code: 'ERR_HTTP_FAILED' });
  expect(server.seen).toEqual([]);
});

describe('as fetch, for libraries', () => {
  test('the guard holds', async () => {
    const fetch = guarded({ allow: [] }).asFetch(1000);
    await expect(fetch('http://127.0.0.1:8099/')).rejects.toMatchObject({ code: 'ERR_HTTP_BLOCKED' });
    await expect(fetch(new URL('file:///etc/passwd'))).rejects.toMatchObject({ code: 'ERR_HTTP_BLOCKED' });
  });

  test('requests and answers pass', async () => {
    const server = await serve(json({ ok: true }, 202));
    const fetch = guarded().asFetch(1000);
    const answer = await fetch(server.url(), { method: 'POST', headers: new Headers({ 'x-a': 'b' }), body: 'hello' });
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({ ok: true });
    expect(server.seen).toMatchObject([{ method: 'POST', headers: { 'x-a': 'b' }, body: 'hello' }]);
  });

  test('no redirect is followed', async () => {
    const server = await serve(redirect('/there'));
    await expect(guarded().asFetch(1000)(server.url())).rejects.toMatchObject({ code: 'ERR_HTTP_FAILED' });
    expect(server.seen).toHaveLength(1);
  });

  test('a long answer fails while it is read', async () => {
    const server = await serve((_request, response) => void response.end('x'.repeat(1001)));
    const answer = await guarded().asFetch(1000)(server.url());
    await expect(answer.text()).rejects.toMatchObject({ code: 'ERR_HTTP_TOO_LARGE' });
  });

  test('an event stream may be long, an event in it may not', async () => {
    const events = `${'data: x\r\n\r\n'.repeat(500)}`;
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(events);
    });
    const fetch = guarded().asFetch(1000);
    expect(await (await fetch(server.url())).text()).toBe(events);
    server.respond = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`${events}data: ${'x'.repeat(1001)}`);
    };
    await expect((await fetch(server.url())).text()).rejects.toMatchObject({ code: 'ERR_HTTP_TOO_LARGE' });
  });

  test.each([
    ['\n\n', 2],
    [':\n\n', 2],
    ['data: x\n\n', 2],
    ['data: x\r\n\r\n', 2],
    ['\r\r', 2],
    ['\r\r\r\n\n', 4],
  ])('an event stream may last, and may be no flood of %j', async (event, lines) => {
    const clock = new FakeClock();
    let sent: ((text: string) => void) | undefined;
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      sent = (text) => void response.write(text);
    });
    const answer = await guarded({ clock }).asFetch(1000)(server.url());
    const reader = answer.body?.getReader();
    const most = event.repeat(5000 / lines);
    for (let second = 0; second < 20; second += 1) {
      sent?.(most);
      let length = 0;
      while (length < most.length) length += (await reader?.read())?.value?.length ?? 0;
      clock.advance(1000);
    }
    sent?.(most + event);
    const rest = async (): Promise<void> => {
      while (!(await reader?.read())?.done);
    };
    await expect(rest()).rejects.toMatchObject({ code: 'ERR_HTTP_TOO_LARGE' });
  });
});
