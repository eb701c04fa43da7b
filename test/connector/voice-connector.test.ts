import { setImmediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { ConnectorError } from '../../src/base/connector-error.js';
import { HeardText } from '../../src/heard/heard-text.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeLeg, OFFER } from '../support/fake-leg.js';
import { FakeEngine } from '../support/fake-media.js';
import { answered, bye, route, setUp } from './connector-setup.js';

describe('what becomes of an INVITE', () => {
  test('a routed number is answered, its greeting filled in, and leaves one record', async () => {
    const setup = await setUp();
    await setup.connector.start();
    const leg = await answered(setup, { headers: new Map([['x-customer', ['Ann']]]) });
    expect(setup.flavors[0]?.sessions[0]?.call).toMatchObject({
      greeting: 'Hi alice, London, Ann',
      from: 'alice',
      to: '2000',
      variables: { shop: 'London', from: 'alice', to: '2000' },
    });
    expect([...(setup.flavors[0]?.sessions[0]?.call.headers ?? [])]).toEqual([]);
    leg.emit(bye);
    expect(await setup.records()).toMatchObject([
      { route: '0 to=2000', flavor: 'agent', cause: { sip: 200, text: 'normal' }, to: '2000' },
    ]);
  });

  test.each([
    ['an unknown number', { requestUser: '999' }, 404],
    ['a number that is refused by route', { requestUser: '2009' }, 486],
    ['no common codec', { sdp: OFFER.replace('0 8 101', '18') }, 488],
    ['a broken description', { sdp: 'v=0\r\nnonsense' }, 400],
  ])('%s is refused with %j, and recorded', async (_name, invite, status) => {
    const setup = await setUp();
    await setup.connector.start();
    const leg = new FakeLeg(invite);
    setup.driver.ring(leg);
    expect(leg.actions).toEqual([`reject ${status}`]);
    const warning = leg.rejection?.headers?.get('Warning');
    if (status === 488) expect(warning).toMatch(/^399 agent "SDP has no usable audio: line 6: none of its formats is /);
    else expect(warning).toBeUndefined();
    expect(await setup.records()).toMatchObject([{ cause: { sip: status, text: 'rejected' }, answeredAt: null }]);
  });

  test('beyond limits.calls: 503 with Retry-After, recorded; free again after a BYE', async () => {
    const setup = await setUp();
    await setup.connector.start();
    const first = await answered(setup);
    await answered(setup);
    expect(setup.driver.availability.at(-1)).toBe('full');
    const third = new FakeLeg();
    setup.driver.ring(third);
    expect(third.actions).toEqual(['reject 503']);
    expect(third.rejection?.retryAfterSeconds).toBeGreaterThan(0);
    first.emit(bye);
    await expect.poll(() => setup.connector.calls().length).toBe(1);
    expect(setup.driver.availability.at(-1)).toBe('open');
    await answered(setup);
    const causes = (await setup.records()).map((record) => record.cause.text);
    expect(causes.filter((cause) => cause === 'busy-limit')).toHaveLength(1);
    expect(causes).toHaveLength(4);
  });

  test('an INVITE that the driver refused by itself is recorded too', async () => {
    const setup = await setUp();
    await setup.connector.start();
    setup.driver.handlers.onRefused(new FakeLeg().invite, 420);
    expect(await setup.records()).toMatchObject([{ cause: { sip: 420, text: 'rejected' } }]);
  });
});

describe('drain and stop', () => {
  test('draining refuses new calls, lets those that are up finish, and then is finished', async () => {
    const setup = await setUp();
    await setup.connector.start();
    const leg = await answered(setup);
    let finished = false;
    void setup.connector.finished.then(() => {
      finished = true;
    });
    void setup.connector.drain();
    expect(setup.driver.availability.at(-1)).toBe('draining');
    const late = new FakeLeg();
    setup.driver.ring(late);
    expect(late.actions).toEqual(['reject 503']);
    expect(late.rejection?.retryAfterSeconds).toBeGreaterThan(0);
    expect(finished).toBe(false);
    leg.emit(bye);
    await expect.poll(() => finished).toBe(true);
    expect((await setup.records()).map((record) => record.cause.text)).toEqual(['drain', 'normal']);
  });

  test('stop ends the calls with BYE and writes their records', async () => {
    const setup = await setUp();
    await setup.connector.start();
    const leg = await answered(setup);
    const records = await setup.records();
    expect(leg.actions.at(-1)).toBe('hang-up SIP;cause=200;text="drain"');
    expect(records).toMatchObject([{ endedBy: 'connector', cause: { text: 'drain' } }]);
    expect(setup.driver.disposed).toBe(true);
    expect(setup.flavors[0]?.disposed).toBe(1);
  });

  test('once stopped it leaves no timer that would keep the process', async () => {
    const setup = await setUp();
    await setup.connector.start();
    await answered(setup);
    await setup.connector.stop();
    expect(setup.clock.pending.size).toBe(0);
  });

  test('a start that fails closes what was opened', async () => {
    const setup = await setUp();
    setup.driver.failure = new ConnectorError('ERR_LISTEN', 'the port is taken');
    await expect(setup.connector.start()).rejects.toMatchObject({ code: 'ERR_LISTEN' });
    expect(setup.flavors[0]?.disposed).toBe(1);
    expect(setup.driver.disposed).toBe(true);
  });

  test('from the moment of a stop new calls get 503', async () => {
    const setup = await setUp();
    await setup.connector.start();
    const stopped = setup.connector.stop();
    const late = new FakeLeg();
    setup.driver.ring(late);
    expect(late.actions).toEqual(['reject 503']);
    await stopped;
  });

  test('an operator ends one call', async () => {
    const setup = await setUp();
    await setup.connector.start();
    const leg = await answered(setup);
    const [call] = setup.connector.calls();
    expect(setup.connector.hangUp('no such call')).toBe(false);
    expect(setup.connector.hangUp(call?.id ?? '')).toBe(true);
    expect(leg.actions.at(-1)).toContain('admin');
  });
});

describe('reload', () => {
  test('new calls get the new configuration, those that are up keep theirs', async () => {
    const setup = await setUp();
    await setup.connector.start();
    const leg = await answered(setup);
    const routes = [route({ to: '3000' }, { flavor: 'agent' })];
    expect(await setup.connector.apply({ ...setup.config, routes })).toEqual({ ok: true, atRestart: [] });
    const old = new FakeLeg();
    setup.driver.ring(old);
    expect(old.actions).toEqual(['reject 404']);
    await answered(setup, { requestUser: '3000' });
    expect(setup.flavors[0]?.disposed).toBe(0);
    leg.emit(bye);
    await expect.poll(() => setup.flavors[0]?.disposed).toBe(1);
    expect(setup.flavors[1]?.disposed).toBe(0);
  });

  test('limits.calls is that of the new configuration; calls that are up count, and stay', async () => {
    const setup = await setUp();
    await setup.connector.start();
    const leg = await answered(setup);
    const limits = { ...setup.config.limits, calls: 1 };
    expect(await setup.connector.apply({ ...setup.config, limits })).toMatchObject({ ok: true });
    expect(setup.driver.availability.at(-1)).toBe('full');
    const late = new FakeLeg();
    setup.driver.ring(late);
    expect(late.actions).toEqual(['reject 503']);
    expect(leg.actions.at(-1)).toBe('200');
    expect(await setup.connector.apply(setup.config)).toMatchObject({ ok: true });
    expect(setup.driver.availability.at(-1)).toBe('open');
    await answered(setup);
  });

  test('a configuration whose flavors cannot be made changes nothing', async () => {
    const setup = await setUp();
    await setup.connector.start();
    const outcome = await setup.connector.apply({ ...setup.config, routes: [] });
    expect(outcome).toEqual({ ok: false, problem: 'no such flavor' });
    await answered(setup);
  });

  test('renews the certificates; when they are no good everything stays as it is', async () => {
    const setup = await setUp();
    await setup.connector.start();
    expect(await setup.connector.apply(setup.config)).toMatchObject({ ok: true });
    expect(setup.driver.renewals).toBe(1);
    setup.driver.renewFailure = new Error('is not the key of the certificate');
    const routes = [route({ to: '3000' }, { flavor: 'agent' })];
    expect(await setup.connector.apply({ ...setup.config, routes })).toEqual({
      ok: false,
      problem: 'is not the key of the certificate',
    });
    await expect.poll(() => setup.flavors.map(({ disposed }) => disposed)).toEqual([1, 0, 1]);
    await answered(setup);
  });

  test('says what takes effect only at a restart', async () => {
    const setup = await setUp();
    await setup.connector.start();
    const media = { ...setup.config.media, portRestSeconds: 5 };
    expect(await setup.connector.apply({ ...setup.config, media })).toEqual({ ok: true, atRestart: ['media'] });
  });
});

test('no number, name or digit of a caller reaches the log', async () => {
  const setup = await setUp();
  await setup.connector.start();
  const leg = await answered(setup, { fromUser: '+442079460000', fromDisplayName: 'Canary', requestUser: '2000' });
  leg.emit({ type: 'digit', digit: '7', durationMs: 100 });
  leg.emit(bye);
  await setup.records();
  expect(setup.log.lines.join('\n')).not.toMatch(/442079460000|Canary|alice/);
});

test.each([
  [true, ['the engine is ready', 'heard text is told', 'calls are taken']],
  [false, ['calls are taken']],
])('a connector that warms up (%s) takes calls when its media engine is ready', async (warmsUp, order) => {
  const seen: string[] = [];
  const told = vi.spyOn(HeardText.prototype, 'heardAt');
  const engine = Object.assign(new FakeEngine(new FakeClock()), {
    ready: async () => {
      await setImmediate();
      seen.push('the engine is ready');
    },
  });
  const setup = await setUp({}, { createEngine: () => engine, warmsUp });
  const { driver } = setup;
  const start = driver.start.bind(driver);
  driver.start = (handlers) => {
    if (told.mock.calls.length > 0) seen.push('heard text is told');
    seen.push('calls are taken');
    return start(handlers);
  };
  await setup.connector.start();
  told.mockRestore();
  expect(seen).toEqual(order);
});
