import { describe, expect, test } from 'vitest';
import { adminBench } from '../../support/admin-bench.js';

const json = { 'content-type': 'application/json' };

async function post(body: string, headers: Record<string, string> = json) {
  const bench = await adminBench();
  const response = await bench.request('/calls', { method: 'POST', headers, body });
  return { ...bench, response };
}

describe('POST /calls', () => {
  test('hands the call over and answers 202 with its id; the log has no number', async () => {
    const call = {
      to: '+44 20 7946 0000',
      route: 'reminder',
      from: '+442079460123',
      greeting: false,
      variables: { day: 'Friday' },
      headers: { 'X-Campaign': 'spring' },
      ringSeconds: 20,
    };
    const { response, control, log } = await post(JSON.stringify(call));
    expect([response.status, await response.json()]).toEqual([202, { id: 'call-9' }]);
    expect(control.dialled).toEqual([call]);
    expect(JSON.stringify(log.lines)).not.toContain('7946');
  });

  test.each([
    ['no JSON', 'to=20', 'the request is malformed'],
    ['nothing', '', 'the request is malformed'],
    ['a list', '[]', 'the body must be a JSON object'],
    ['no number', '{"flavor":"a"}', "the body must have required property 'to'"],
    ['neither flavor nor route', '{"to":"20"}', 'the body must have flavor or route, and not both'],
    ['both', '{"to":"20","flavor":"a","route":"b"}', 'the body must have flavor or route, and not both'],
    [
      'an unknown field',
      '{"to":"20","flavor":"a","uri":"sip:x"}',
      'the body has no key "uri": there are to, from, flavor',
    ],
    ['a misspelt one', '{"to":"20","flavour":"a"}', 'the body has no key "flavour"'],
    ['a number that is none', '{"to":20,"flavor":"a"}', 'to must be string'],
    ['a From that ends its URI', '{"to":"20","flavor":"a","from":"7000@evil"}', 'from must match pattern'],
    ['a variable that is no text', '{"to":"20","flavor":"a","variables":{"n":1}}', 'variables.n must be string'],
    ['a greeting that is none', '{"to":"20","flavor":"a","greeting":true}', 'greeting must be string'],
    ['no word of one', '{"to":"20","flavor":"a","greeting":""}', 'greeting must NOT have fewer than 1'],
    ['no time to ring', '{"to":"20","flavor":"a","ringSeconds":0}', 'ringSeconds must be > 0'],
    ['a prototype', '{"to":"20","flavor":"a","__proto__":{}}', 'the request is malformed'],
  ])('%s: 400, and nobody is called', async (_, body, part) => {
    const { response, control } = await post(body);
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: { code: 'ERR_ADMIN_REQUEST', message: expect.stringContaining(part) } },
    ]);
    expect(control.dialled).toEqual([]);
  });

  test('what is not said to be JSON is not read as such', async () => {
    const { response, control } = await post('{"to":"20","flavor":"a"}', { 'content-type': 'text/plain' });
    expect([response.status, control.dialled]).toEqual([400, []]);
    const message = 'the body must be a JSON object, sent with content-type: application/json';
    expect(await response.json()).toMatchObject({ error: { message } });
  });

  test('a refusal comes with its code and Retry-After', async () => {
    const bench = await adminBench();
    bench.control.dialOutcome = {
      ok: false,
      status: 429,
      code: 'ERR_CALL_LIMIT',
      message: 'as many calls are up as may be',
      retryAfterSeconds: 7,
    };
    const body = JSON.stringify({ to: '20', flavor: 'a' });
    const response = await bench.request('/calls', { method: 'POST', headers: json, body });
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7']);
    expect(await response.json()).toEqual({
      error: { code: 'ERR_CALL_LIMIT', message: 'as many calls are up as may be' },
    });
  });
});
