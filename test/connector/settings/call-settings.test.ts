import { describe, expect, test } from 'vitest';
import { ConnectorError } from '../../../src/base/connector-error.js';
import type { RouteConfig, SettingsConfig } from '../../../src/config/config.js';
import type { CallFacts } from '../../../src/config/notation/template.js';
import { CallSettings, type SettingsCall } from '../../../src/connector/settings/call-settings.js';
import type { HttpRequest, HttpResponse } from '../../../src/http/guarded-fetch.js';
import { routeDefaults } from '../../support/config-defaults.js';
import { FakeClock } from '../../support/fake-clock.js';
import { createKeptLog } from '../../support/silent-log.js';

const URL_TEMPLATE = 'https://config.example.com/numbers/{{to}}';

const routeWith = (settings: Partial<SettingsConfig> = {}, rest: Partial<RouteConfig> = {}): RouteConfig => ({
  ...routeDefaults,
  match: { any: true },
  flavor: 'front',
  variables: { shop: 'London', tone: 'calm' },
  greeting: { wav: '/sounds/hello.wav' },
  tools: ['hang_up', 'transfer', 'weather'],
  transfer: ['sales', 'support'],
  onFailure: { ...routeDefaults.onFailure, flavors: ['back', 'spare'] },
  settings: { url: URL_TEMPLATE, format: 'native', timeoutMs: 1500, cacheSeconds: 60, required: false, ...settings },
  ...rest,
});

const factsTo = (to: string): CallFacts => ({
  id: 'c1',
  from: '1000',
  to,
  headers: new Map(),
  moment: { wallTimeMs: 0, timeZone: 'UTC' },
});

/** One request, to be answered by the test. */
interface Asked extends HttpRequest {
  answer(value: unknown, status?: number): void;
  answerText(body: string): void;
  fail(error: unknown): void;
}

/** @param noticesAbort whether a request ends at once when it is given up */
function setUp(noticesAbort = true) {
  const clock = new FakeClock();
  const log = createKeptLog();
  const asked: Asked[] = [];
  const fetch = {
    request: (request: HttpRequest) =>
      new Promise<HttpResponse>((resolve, reject) => {
        if (noticesAbort) request.signal?.addEventListener('abort', () => reject(request.signal?.reason));
        const answer = (status: number, body: string): void => resolve({ status, headers: {}, body });
        asked.push({
          ...request,
          answer: (value, status = 200) => answer(status, JSON.stringify(value)),
          answerText: (body) => answer(200, body),
          fail: reject,
        });
      }),
  };
  const settings = new CallSettings({ clock, fetch });
  const flavors = new Set(['front', 'back', 'spare']);
  const call = (route = routeWith(), to = '2000'): SettingsCall => ({ route, facts: factsTo(to), flavors, log });
  const begin = (route?: RouteConfig, to?: string, signal = new AbortController().signal) =>
    settings.resolve(call(route, to), signal);
  const resolve = async (answer: unknown, route?: RouteConfig) => {
    const resolved = begin(route);
    asked.at(-1)?.answer(answer);
    return resolved;
  };
  const logged = (): object[] => log.lines.map((line) => JSON.parse(line));
  return { asked, begin, clock, logged, resolve, settings };
}

describe('asking', () => {
  test('a route without settings is answered as it stands, and nobody is asked', async () => {
    const { asked, begin } = setUp();
    const { settings: _settings, ...route } = routeWith();
    expect(await begin(route)).toEqual({ outcome: 'answer', route, source: 'file' });
    expect(asked).toEqual([]);
  });

  test('with what the call knows, percent-encoded, the token as bearer, bounded in time and size', async () => {
    const { asked, begin } = setUp();
    void begin(routeWith({ url: `${URL_TEMPLATE}?id={{call.id}}&shop={{shop}}`, token: 'sesame' }), '+44 20');
    expect(asked).toMatchObject([
      {
        url: 'https://config.example.com/numbers/%2B44%2020?id=c1&shop=London',
        headers: { accept: 'application/json', authorization: 'Bearer sesame' },
        timeoutMs: 1500,
        maxBytes: 65_536,
      },
    ]);
  });

  test('without a token there is no Authorization', async () => {
    const { asked, begin } = setUp();
    void begin();
    expect(asked[0]?.headers).toEqual({ accept: 'application/json' });
  });
});

describe('an answer', () => {
  test('takes the place of the words of the route, and adds variables', async () => {
    const { resolve } = setUp();
    const resolved = await resolve({
      flavor: 'back',
      instructions: 'You are {{name}}.',
      greeting: 'Hello!',
      variables: { shop: 'Paris', name: 'Ann' },
      timeZone: 'Europe/Paris',
      interruption: { minWords: 2, greeting: false },
      silence: { reprompts: ['Hello?', { text: 'Anyone?' }], goodbye: { instructions: 'Report.', mood: 'sad' } },
    });
    const file = routeWith();
    expect(resolved).toEqual({
      outcome: 'answer',
      source: 'fetched',
      route: {
        ...file,
        flavor: 'back',
        instructions: 'You are {{name}}.',
        greeting: { text: 'Hello!' },
        variables: { shop: 'Paris', tone: 'calm', name: 'Ann' },
        timeZone: 'Europe/Paris',
        interruption: { ...file.interruption, minWords: 2, greeting: false },
        silence: {
          ...file.silence,
          reprompts: [{ text: 'Hello?' }, { text: 'Anyone?' }],
          goodbye: { instructions: 'Report.' },
        },
        onFailure: { ...file.onFailure, flavors: ['spare'] },
      },
    });
  });

  test('of nothing leaves the route as it stands', async () => {
    const { resolve } = setUp();
    expect(await resolve({})).toEqual({ outcome: 'answer', route: routeWith(), source: 'fetched' });
  });

  test('may refuse the call', async () => {
    const { resolve } = setUp();
    expect(await resolve({ reject: 486 })).toEqual({ outcome: 'reject', status: 486, why: 'settings' });
  });
});

describe('what comes from the network never widens what the file allows', () => {
  test('tools and targets are those of both', async () => {
    const { logged, resolve } = setUp();
    const resolved = await resolve({ tools: ['transfer', 'hold', 'weather'], transfer: ['sales', 'boss'] });
    expect(resolved).toMatchObject({ route: { tools: ['transfer', 'weather'], transfer: ['sales'] } });
    expect(logged()).toMatchObject([{ level: 'warn', keys: ['tools', 'transfer'] }]);
  });

  test('without a target left, there is no tool to transfer with', async () => {
    const { resolve } = setUp();
    expect(await resolve({ transfer: [] })).toMatchObject({ route: { tools: ['hang_up', 'weather'], transfer: [] } });
  });

  test('an empty list of tools is an agent that can only talk', async () => {
    const { resolve } = setUp();
    expect(await resolve({ tools: [] })).toMatchObject({ route: { tools: [] } });
  });

  test.each([
    ['a flavor that is not there', { flavor: 'constructor' }, 'flavor is none of this configuration'],
    ['a path on this machine', { greeting: { wav: '/etc/passwd' } }, 'greeting.text is not as it must be'],
    ['a status that is no refusal', { reject: 200 }, 'reject is not as it must be'],
    ['a variable that is the call’s', { variables: { from: '999' } }, 'variables is not as it must be'],
    [
      'too many variables',
      { variables: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`v${i}`, ''])) },
      'variables is not as it must be',
    ],
    ['a value that is too long', { variables: { a: 'x'.repeat(5000) } }, 'variables is not as it must be'],
    ['instructions that are too long', { instructions: 'x'.repeat(40_000) }, 'instructions is not as it must be'],
    ['a time zone that there is not', { timeZone: 'Mars/Olympus' }, 'timeZone is not as it must be'],
    ['an empty text', { greeting: '' }, 'greeting is not as it must be'],
    ['numbers for texts', { greeting: 7 }, 'greeting is not as it must be'],
    ['times that fit nowhere', { interruption: { minSpeechMs: -1 } }, 'interruption.minSpeechMs is not as it must be'],
    [
      'times that do not fit each other',
      { interruption: { minSpeechMs: 800 } },
      'interruption.minSpeechMs is above rejectAfterMs',
    ],
    ['a list', [], 'it is no object'],
    ['null', null, 'it is no object'],
  ])('%s makes the answer none', async (_name, answer, problem) => {
    const { logged, resolve } = setUp();
    expect(await resolve(answer)).toEqual({ outcome: 'answer', route: routeWith(), source: 'file' });
    expect(logged()).toMatchObject([{ level: 'warn', problem }]);
  });

  test('may leave the first word to the caller', async () => {
    const { resolve } = setUp();
    expect(await resolve({ greeting: false })).toMatchObject({ route: { greeting: { text: '' } } });
  });

  test('a recording with its words: the words are taken, and the path is not', async () => {
    const { logged, resolve } = setUp();
    const resolved = await resolve({
      greeting: { text: 'Hi', wav: '/etc/passwd' },
      flavour: 'back',
      silence: { reprompts: [{ text: 'a', wav: 'b' }] },
    });
    expect(resolved).toMatchObject({
      route: { flavor: 'front', greeting: { text: 'Hi' }, silence: { reprompts: [{ text: 'a' }] } },
    });
    expect(JSON.stringify(resolved)).not.toContain('passwd');
    expect(logged()).toMatchObject([{ level: 'warn', keys: ['greeting.wav', 'silence.reprompts', 'flavour'] }]);
    expect(JSON.stringify(logged())).not.toContain('passwd');
  });

  test('__proto__ and the like change nothing', async () => {
    const { asked, begin } = setUp();
    const resolved = begin();
    asked[0]?.answerText('{"__proto__":{"flavor":"back"},"variables":{"__proto__":"x"},"constructor":{}}');
    const outcome = await resolved;
    expect(outcome).toMatchObject({ outcome: 'answer', route: { flavor: 'front' } });
    if (outcome.outcome === 'answer') expect(Object.keys(outcome.route.variables)).toEqual(['shop', 'tone']);
    expect(({} as Record<string, unknown>)['flavor']).toBeUndefined();
  });
});

describe('without an answer', () => {
  const failures: readonly [string, (asked: Asked | undefined) => void][] = [
    ['late', (asked) => asked?.fail(new ConnectorError('ERR_HTTP_TIMEOUT', 'config.example.com did not answer'))],
    ['no JSON', (asked) => asked?.answerText('<html>')],
    ['404', (asked) => asked?.answer({}, 404)],
    ['204', (asked) => asked?.answer({}, 204)],
    ['an unexpected error', (asked) => asked?.fail(new Error('secret https://config.example.com/numbers/2000'))],
  ];

  test.each(failures)('(%s) the call goes on with the route as the file has it', async (_name, fail) => {
    const { asked, begin, logged } = setUp();
    const resolved = begin();
    fail(asked[0]);
    expect(await resolved).toEqual({ outcome: 'answer', route: routeWith(), source: 'file' });
    expect(logged()).toHaveLength(1);
    expect(JSON.stringify(logged())).not.toMatch(/2000|secret/);
  });

  test.each(failures)('(%s) a call that needs its settings is refused with 503', async (_name, fail) => {
    const { asked, begin, logged } = setUp();
    const resolved = begin(routeWith({ required: true }));
    fail(asked[0]);
    expect(await resolved).toEqual({ outcome: 'reject', status: 503, why: 'unavailable' });
    expect(logged()).toMatchObject([{ level: 'error' }]);
  });

  test('because the number would lead to another path: nobody is asked', async () => {
    const { asked, begin } = setUp();
    expect(await begin(routeWith({ required: true }), '..')).toMatchObject({ outcome: 'reject', status: 503 });
    expect(asked).toEqual([]);
  });

  test('the next call asks again: failures are not kept', async () => {
    const { asked, begin, resolve } = setUp();
    const failed = begin();
    asked[0]?.answer({}, 500);
    await failed;
    expect(await resolve({ flavor: 'back' })).toMatchObject({ source: 'fetched', route: { flavor: 'back' } });
    expect(asked).toHaveLength(2);
  });
});

describe('the cache', () => {
  test('answers the same address for cacheSeconds, and another one not', async () => {
    const { asked, begin, clock, resolve } = setUp();
    await resolve({ flavor: 'back' });
    clock.advance(59_999);
    expect(await begin()).toMatchObject({ source: 'cache', route: { flavor: 'back' } });
    void begin(routeWith(), '2001');
    expect(asked.map(({ url }) => url)).toEqual([
      'https://config.example.com/numbers/2000',
      'https://config.example.com/numbers/2001',
    ]);
    clock.advance(1);
    void begin();
    expect(asked).toHaveLength(3);
  });

  test('keeps what another token may see apart', async () => {
    const { asked, begin, resolve } = setUp();
    await resolve({ flavor: 'back' });
    void begin(routeWith({ token: 'another' }));
    expect(asked).toHaveLength(2);
  });

  test('knows the answer, not what became of it: the same answer narrows each route by itself', async () => {
    const { begin, resolve } = setUp();
    await resolve({ tools: ['weather'] });
    expect(await begin(routeWith({}, { tools: ['hang_up'], transfer: [] }))).toMatchObject({
      source: 'cache',
      route: { tools: [] },
    });
  });

  test('keeps what was read for the section of another flavor apart', async () => {
    const { asked, begin, resolve } = setUp();
    const answer = { front: { instructions: 'Be brief.' }, back: { instructions: 'Be kind.' } };
    await resolve(answer, routeWith({ format: 'avc' }, { match: { to: '2000' } }));
    const other = begin(routeWith({ format: 'avc' }, { match: { to: '2000' }, flavor: 'back' }));
    asked[1]?.answer(answer);
    expect(await other).toMatchObject({ route: { flavor: 'back', instructions: 'Be kind.' } });
  });

  test('cacheSeconds: 0 asks for every call, also for those that come together', async () => {
    const { asked, begin } = setUp();
    const route = routeWith({ cacheSeconds: 0 });
    const both = [begin(route), begin(route)];
    expect(asked).toHaveLength(2);
    for (const request of asked) request.answer({});
    await Promise.all(both);
    void begin(route);
    expect(asked).toHaveLength(3);
  });
});

describe('calls that come together', () => {
  test('share one request', async () => {
    const { asked, begin } = setUp();
    const calls = [begin(), begin(), begin()];
    expect(asked).toHaveLength(1);
    asked[0]?.answer({ flavor: 'back' });
    for (const resolved of await Promise.all(calls)) expect(resolved).toMatchObject({ route: { flavor: 'back' } });
  });

  test('one that gives up leaves the others alone', async () => {
    const { asked, begin } = setUp();
    const hangUp = new AbortController();
    const first = begin(undefined, undefined, hangUp.signal);
    const second = begin();
    hangUp.abort(new Error('cancelled'));
    await expect(first).rejects.toThrow('cancelled');
    expect(asked[0]?.signal?.aborted).toBe(false);
    asked[0]?.answer({ flavor: 'back' });
    expect(await second).toMatchObject({ route: { flavor: 'back' } });
  });

  test('when all have given up the request is given up, and the next call asks anew', async () => {
    const { asked, begin } = setUp();
    const hangUp = new AbortController();
    const calls = [begin(undefined, undefined, hangUp.signal), begin(undefined, undefined, hangUp.signal)];
    hangUp.abort(new Error('cancelled'));
    for (const call of calls) await expect(call).rejects.toThrow('cancelled');
    const after = begin();
    expect(asked.map(({ signal }) => signal?.aborted)).toEqual([true, false]);
    asked[1]?.answer({});
    expect(await after).toMatchObject({ source: 'fetched' });
  });

  test('a call that comes in while a request is being given up asks anew', async () => {
    const { asked, begin } = setUp(false);
    const hangUp = new AbortController();
    const before = begin(undefined, undefined, hangUp.signal);
    hangUp.abort(new Error('cancelled'));
    await expect(before).rejects.toThrow('cancelled');
    const after = begin();
    expect(asked).toHaveLength(2);
    asked[0]?.answer({});
    asked[1]?.answer({ flavor: 'back' });
    expect(await after).toMatchObject({ source: 'fetched', route: { flavor: 'back' } });
  });

  test('a caller who has given up before is not asked for', async () => {
    const { asked, begin } = setUp();
    await expect(begin(undefined, undefined, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(asked).toEqual([]);
  });
});
