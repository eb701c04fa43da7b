import { createHmac } from 'node:crypto';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createSystemClock } from '../../../src/base/clock.js';
import type { ToolResult } from '../../../src/flavor-api/index.js';
import { createGuardedFetch } from '../../../src/http/guarded-fetch.js';
import { ArgumentSchemas } from '../../../src/tools/tool-arguments.js';
import { ToolRunner } from '../../../src/tools/tool-runner.js';
import { signatureHeaders } from '../../../src/tools/webhook/signature.js';
import { createWebhookTool, type WebhookOptions } from '../../../src/tools/webhook/webhook-tool.js';
import { CanaryCage } from '../../support/canary.js';
import { FakeClock } from '../../support/fake-clock.js';
import { HttpServer, json, type Responder } from '../../support/http-server.js';
import { MemoryLog } from '../../support/memory-log.js';
import { FakePhone, sampleFacts } from '../../support/tool-runner.js';

const parameters = {
  type: 'object',
  properties: { day: { type: 'string' }, name: { type: 'string' } },
  required: ['day'],
  additionalProperties: false,
};

interface Scene {
  readonly server: HttpServer;
  readonly log: MemoryLog;
  call(args: unknown, signal?: AbortSignal): Promise<ToolResult>;
}

async function scene(
  respond: Responder,
  options: Partial<WebhookOptions> = {},
  allow = ['127.0.0.0/8'],
): Promise<Scene> {
  const server = await HttpServer.start(respond);
  const http = createGuardedFetch({ allow, clock: createSystemClock() });
  onTestFinished(async () => {
    await http[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  const log = new MemoryLog();
  const tool = createWebhookTool(
    {
      name: 'book',
      description: 'Books a haircut.',
      parameters,
      method: 'POST',
      headers: {},
      timeoutMs: 10_000,
      filler: undefined,
      fillerAfterMs: 700,
      cancellable: false,
      maxBytes: 16_384,
      result: '',
      ...options,
      url: options.url?.replace('SERVER', server.url('')) ?? server.url('/book'),
    },
    { http, schemas: new ArgumentSchemas(), clock: new FakeClock(), random: { hex: () => 'abcd' } },
  );
  const runner = new ToolRunner(() => [tool], { call: sampleFacts, log });
  const call = (args: unknown, signal = new AbortController().signal): Promise<ToolResult> =>
    runner.run({ id: 't1', name: 'book', arguments: args, responseId: undefined }, new FakePhone(), signal);
  return { server, log, call };
}

describe('the request', () => {
  test('says by default whose call it is, which tool, and with what', async () => {
    const { server, call } = await scene(json({ booked: true }));
    expect(await call({ day: 'Monday' })).toEqual({ id: 't1', output: { booked: true }, reply: true });
    expect(server.seen).toMatchObject([
      { method: 'POST', url: '/book', headers: { accept: 'application/json', 'content-type': 'application/json' } },
    ]);
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
      call: { id: 'call-1', from: '+441234', to: '2000' },
      tool: 'book',
      arguments: { day: 'Monday' },
    });
    expect(server.seen[0]?.headers['webhook-signature']).toBeUndefined();
  });

  test('is filled in from arguments, call and route', async () => {
    const { server, call } = await scene(json({}), {
      url: 'SERVER/{{shop}}/days/{{args.day}}?for={{from}}',
      method: 'PUT',
      headers: { 'X-Call': '{{call.id}}', Authorization: 'Bearer key' },
      body: '{"who": "{{args.name}}", "tool": "{{tool}}"}',
    });
    await call({ day: 'a/b?c', name: 'O"Neill' });
    expect(server.seen).toMatchObject([
      {
        method: 'PUT',
        url: '/London/days/a%2Fb%3Fc?for=%2B441234',
        headers: { 'x-call': 'call-1', authorization: 'Bearer key' },
        body: '{"who": "O\\"Neill", "tool": "book"}',
      },
    ]);
  });

  test('of a form is encoded as one', async () => {
    const { server, call } = await scene(json({}), {
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'day={{args.day}}&admin=no',
    });
    await call({ day: 'Mon&admin=yes' });
    expect(server.seen[0]).toMatchObject({
      body: 'day=Mon%26admin%3Dyes&admin=no',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  });

  test('asks for another kind of answer where the file says so, in whatever case', async () => {
    const { server, call } = await scene(json({}), { headers: { Accept: 'text/plain' } });
    await call({ day: 'Monday' });
    expect(server.seen[0]?.headers['accept']).toBe('text/plain');
  });

  test('of GET and DELETE has no body', async () => {
    for (const method of ['GET', 'DELETE'] as const) {
      const { server, call } = await scene(json({}), { method, url: 'SERVER/book?day={{args.day}}' });
      await call({ day: 'Monday' });
      expect(server.seen).toMatchObject([{ method, url: '/book?day=Monday', body: '' }]);
    }
  });

  test.each(['..', '.', '%2e%2E', '.%2e'])('an argument of %j does not lead to another path', async (day) => {
    const { server, call } = await scene(json({}), { url: 'SERVER/customers/{{args.day}}/book' });
    const result = await call({ day });
    // What is percent-encoded once more is a name like any other.
    if (day.includes('%')) expect(server.seen).toMatchObject([{ url: `/customers/${encodeURIComponent(day)}/book` }]);
    else expect(result.error).toMatch(/would change the address/);
  });

  test('is not made with arguments that do not fit', async () => {
    const { server, call } = await scene(json({}));
    expect(await call({ when: 'Monday' })).toMatchObject({ error: expect.stringContaining('do not fit'), reply: true });
    expect(server.seen).toEqual([]);
    const dated = await scene(json({}), {
      parameters: { type: 'object', properties: { day: { type: 'string', format: 'date' } } },
    });
    expect(await dated.call({ day: 'Monday' })).toMatchObject({ error: expect.stringContaining('day must match') });
    expect(dated.server.seen).toEqual([]);
  });
});

describe('the signature', () => {
  test('is that of the Standard Webhooks specification, with its own example', () => {
    const message = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestampSeconds: 1_614_265_330,
      body: '{"test": 2432232314}',
    };
    expect(signatureHeaders('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', message)).toEqual({
      'webhook-id': message.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  test('covers the body that was sent', async () => {
    const { server, call } = await scene(json({}), { secret: 'a long and secret text' });
    await call({ day: 'Monday' });
    const body = server.seen[0]?.body;
    const headers = server.seen[0]?.headers ?? {};
    const id = headers['webhook-id'];
    const timestamp = headers['webhook-timestamp'];
    expect(id).toBe('msg_abcd');
    expect(timestamp).toBe(String(Date.UTC(2026, 0, 1) / 1000));
    const expected = createHmac('sha256', 'a long and secret text')
      .update(`${id}.${timestamp}.${body}`)
      .digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${expected}`);
  });
});

describe('the answer', () => {
  test('that is text stays text, and an empty one is a success', async () => {
    const { server, call } = await scene((_request, response) => void response.end('Booked.'));
    expect(await call({ day: 'Monday' })).toMatchObject({ output: 'Booked.' });
    server.respond = (_request, response) => void response.writeHead(204).end();
    expect(await call({ day: 'Monday' })).toMatchObject({ output: { ok: true } });
  });

  test('is cut down to the part that matters', async () => {
    const { call } = await scene(json({ data: { 'free/slots': ['9:00'] }, internal: 'x' }), {
      result: '/data/free~1slots',
    });
    expect(await call({ day: 'Monday' })).toMatchObject({ output: ['9:00'] });
    // RFC 6901 section 4: ~1 first, so that ~01 is ~1 and no slash.
    const tilde = await scene(json({ 'a~1b': 'yes', 'a/b': 'no' }), { result: '/a~01b' });
    expect(await tilde.call({ day: 'Monday' })).toMatchObject({ output: 'yes' });
  });

  test('without the part that matters is an error, and inherited properties are no part', async () => {
    for (const result of ['/data/slots', '/toString', '/__proto__']) {
      const { call } = await scene(json({ data: {} }), { result });
      expect(await call({ day: 'Monday' })).toMatchObject({
        error: 'The service answered something else than expected.',
      });
    }
  });

  test('of a failure is its own error, or the status, and never the body', async () => {
    const { server, call } = await scene(json({ error: 'Fully booked.' }, 409));
    expect((await call({ day: 'Monday' })).error).toBe('The service says: Fully booked.');
    server.respond = json({ error: { message: 'Closed.', stack: 'secret' } }, 400);
    expect((await call({ day: 'Monday' })).error).toBe('The service says: Closed.');
    for (const answer of [null, { error: null }, { error: { message: null } }]) {
      server.respond = json(answer, 400);
      expect((await call({ day: 'Monday' })).error).toBe('The service answered 400.');
    }
    server.respond = (_request, response) => void response.writeHead(500).end('<h1>secret</h1>');
    expect(await call({ day: 'Monday' })).toEqual({
      id: 't1',
      output: null,
      error: 'The service answered 500.',
      reply: true,
    });
  });

  test('that is longer than may be read is an error', async () => {
    const { call } = await scene((_request, response) => void response.end('x'.repeat(101)), { maxBytes: 100 });
    expect((await call({ day: 'Monday' })).error).toBe('The service answered more than can be read.');
  });

  test('that does not come is an error', async () => {
    const { call } = await scene(() => {}, { timeoutMs: 30 });
    expect((await call({ day: 'Monday' })).error).toBe('The service did not answer in time.');
  });

  test('is not awaited after the call', async () => {
    const abort = new AbortController();
    const { log, call } = await scene(() => abort.abort(new Error('The call is over.')));
    expect((await call({ day: 'Monday' }, abort.signal)).error).toBe('The call is over.');
    expect(log.lines).toEqual([]);
  });
});

test('a format that nobody knows is no line on the console, and stops no arguments', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const schema = { type: 'object', properties: { day: { type: 'string', format: 'dat' } } };
  expect(new ArgumentSchemas().compile(schema).check({ day: 'Monday' }).ok).toBe(true);
  expect(warn).not.toHaveBeenCalled();
});

test('a private address that is not allowed is never asked', async () => {
  const { server, log, call } = await scene(json({}), {}, []);
  expect((await call({ day: 'Monday' })).error).toBe('The service cannot be reached.');
  expect(server.seen).toEqual([]);
  expect(log.at('warn')).toMatchObject([{ fields: { tool: 'book', code: 'ERR_HTTP_BLOCKED' } }]);
});

test('no secret, argument, number or answer is in a log line or an error', async () => {
  const cage = new CanaryCage();
  const canaries = {
    secret: 'canary-signing-key-41',
    header: 'canary-api-key-42',
    query: 'canary-query-token-43',
    argument: 'canary-argument-44',
    answer: 'canary-answer-45',
  };
  const options = {
    url: `SERVER/x?token=${canaries.query}&day={{args.day}}`,
    headers: { 'X-Api-Key': canaries.header },
    secret: canaries.secret,
  };
  const responders: Responder[] = [
    (_request, response) => void response.writeHead(500).end(canaries.answer),
    (_request, response) => void response.socket?.destroy(),
    (_request, response) => void response.writeHead(302, { location: `http://10.0.0.1/${canaries.answer}` }).end(),
    (_request, response) => void response.writeHead(200, { 'content-encoding': 'br' }).end(canaries.answer),
    (_request, response) => void response.end(canaries.answer.repeat(2000)),
  ];
  for (const respond of responders) {
    const { server, log, call } = await scene(respond, options);
    const result = await call({ day: canaries.argument });
    expect(result.error).toBeTypeOf('string');
    expect(server.seen[0]?.url).toContain(canaries.argument);
    cage.collect('result', JSON.stringify(result));
    cage.collect('log', JSON.stringify(log.lines));
  }
  cage.expectAbsent(...Object.values(canaries), '+441234');
});

test.each([
  ['parameters', { parameters: { type: 'nothing' } }],
  ['url', { url: 'not a url' }],
  ['body', { body: '{"day": {{args.day}' }],
])('%s that cannot work are refused when the tool is made', async (key, options) => {
  await expect(scene(json({}), options)).rejects.toMatchObject({
    code: 'ERR_TOOL_INVALID',
    message: expect.stringMatching(new RegExp(`^${key}: `)),
  });
});
