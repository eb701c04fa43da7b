import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Clock, createSystemClock } from '../../src/base/clock.js';
import type { Config } from '../../src/config/config.js';
import { FakeFlavor } from '../support/fake-flavor.js';
import { FakeLeg } from '../support/fake-leg.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { answered, bye, route, setUp } from './connector-setup.js';

/** Real time, but for delays of exactly `delayMs`, which are over at once. */
function hurried(delayMs: number): Clock {
  const clock = createSystemClock();
  return { ...clock, setTimeout: (callback, ms) => clock.setTimeout(callback, ms === delayMs ? 0 : ms) };
}

/** Makes flavors one after the other as the test lets it. */
function heldFlavors() {
  const made: FakeFlavor[] = [];
  const waiting: (() => void)[] = [];
  let hold = false;
  return {
    made,
    hold: () => {
      hold = true;
    },
    release: () => waiting.shift()?.(),
    waiting: () => waiting.length,
    createFlavors: async () => {
      if (hold) await new Promise<void>((resolve) => waiting.push(resolve));
      const flavor = new FakeFlavor();
      made.push(flavor);
      return new Map([['agent', flavor]]);
    },
  };
}

describe('reload', () => {
  test('two at once follow each other: no generation is lost', async () => {
    const flavors = heldFlavors();
    const { connector, config } = await setUp({}, { createFlavors: flavors.createFlavors });
    await connector.start();
    flavors.hold();
    const first = connector.apply(config);
    const second = connector.apply(config);
    await expect.poll(flavors.waiting).toBe(1);
    flavors.release();
    await first;
    await expect.poll(flavors.waiting).toBe(1);
    flavors.release();
    expect([await first, await second]).toMatchObject([{ ok: true }, { ok: true }]);
    await connector.stop();
    expect(flavors.made.map(({ disposed }) => disposed)).toEqual([1, 1, 1]);
  });

  test('a stop meanwhile: what it has made is closed, and nothing is taken', async () => {
    const flavors = heldFlavors();
    const { connector, config } = await setUp({}, { createFlavors: flavors.createFlavors });
    await connector.start();
    flavors.hold();
    const outcome = connector.apply(config);
    await expect.poll(flavors.waiting).toBe(1);
    const stopped = connector.stop();
    flavors.release();
    expect(await outcome).toEqual({ ok: false, problem: 'the connector is not running' });
    await stopped;
    expect(flavors.made.map(({ disposed }) => disposed)).toEqual([1, 1]);
    expect(await connector.apply(config)).toMatchObject({ ok: false });
  });

  test('during a drain it is taken, and the drain goes on', async () => {
    const setup = await setUp();
    await setup.connector.start();
    const leg = await answered(setup);
    void setup.connector.drain();
    expect(await setup.connector.apply(setup.config)).toMatchObject({ ok: true });
    expect(setup.driver.availability.at(-1)).toBe('draining');
    const late = new FakeLeg();
    setup.driver.ring(late);
    expect(late.actions).toEqual(['reject 503']);
    leg.emit(bye);
    await setup.connector.finished;
  });

  test('never rejects, whatever reading the file does; the next one works', async () => {
    let fails = true;
    const setup = await setUp(
      {},
      {
        readConfig: async () => {
          if (fails) throw new Error('the disk is gone');
          return { config: setup.config };
        },
      },
    );
    await setup.connector.start();
    expect(await setup.connector.reload()).toEqual({ ok: false, problem: 'the disk is gone' });
    expect(setup.log.lines.join()).toContain('reload refused');
    fails = false;
    expect(await setup.connector.reload()).toEqual({ ok: true, atRestart: [] });
  });

  test('what waits for a restart is said at every reload, until the file is as it was', async () => {
    const { connector, config } = await setUp();
    await connector.start();
    const changed: Config = {
      ...config,
      media: { ...config.media, portRestSeconds: 5 },
      cdr: { ...config.cdr, path: '/elsewhere' },
      limits: { ...config.limits, rtpTimeoutSeconds: 5 },
    };
    const atRestart = ['media', 'cdr.path', 'limits.rtpTimeoutSeconds'];
    expect(await connector.apply(changed)).toEqual({ ok: true, atRestart });
    expect(await connector.apply(changed)).toEqual({ ok: true, atRestart });
    expect(await connector.apply(config)).toEqual({ ok: true, atRestart: [] });
  });

  test('the media addresses stay those that are bound', async () => {
    const setup = await setUp();
    await setup.connector.start();
    const media = { ...setup.config.media, bind: '127.0.0.9', codecs: ['pcma'] as const };
    await setup.connector.apply({ ...setup.config, media });
    const leg = await answered(setup);
    expect(leg.descriptions[0]).toContain('c=IN IP4 127.0.0.1');
    expect(leg.descriptions[0]).toContain('RTP/AVP 0 ');
  });
});

describe('start and stop', () => {
  test('a flavor that never gets warm delays the start no longer than it may', async () => {
    const flavor = Object.assign(new FakeFlavor(), { warmup: () => new Promise<void>(() => {}) });
    const deps = { createFlavors: async () => new Map([['agent', flavor]]), clock: hurried(15_000) };
    const setup = await setUp({}, deps);
    await setup.connector.start();
    expect(setup.log.lines.join()).toContain('something did not warm up');
    await answered(setup);
  });

  test('a flavor whose warm-up throws at once is used all the same', async () => {
    const warmup = (): Promise<void> => {
      throw new Error('cold');
    };
    const flavor = Object.assign(new FakeFlavor(), { warmup });
    const setup = await setUp({}, { createFlavors: async () => new Map([['agent', flavor]]) });
    await setup.connector.start();
    await answered(setup);
  });

  test('a stop during the start waits for neither warm-up nor calls, and leaves nothing open', async () => {
    const flavor = Object.assign(new FakeFlavor(), { warmup: () => new Promise<void>(() => {}) });
    const setup = await setUp({}, { createFlavors: async () => new Map([['agent', flavor]]) });
    const started = setup.connector.start();
    started.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    await setup.connector.stop();
    expect(flavor.disposed).toBe(1);
    expect(setup.clock.pending.size).toBe(0);
    await expect(started).rejects.toMatchObject({ code: 'ERR_STOPPED' });
  });

  test('what was stopped does not start', async () => {
    const setup = await setUp();
    await setup.connector.stop();
    await expect(setup.connector.start()).rejects.toMatchObject({ code: 'ERR_STOPPED' });
    expect(setup.flavors).toEqual([]);
  });

  test('a start after a stop is refused, and not taken for the one before it', async () => {
    const setup = await setUp();
    await setup.connector.start();
    await setup.connector.stop();
    await expect(setup.connector.start()).rejects.toMatchObject({ code: 'ERR_STOPPED' });
  });

  test('starting twice is starting once', async () => {
    const setup = await setUp();
    expect(await setup.connector.start()).toBe(await setup.connector.start());
    expect(setup.flavors).toHaveLength(1);
  });

  test('a flavor that does not close does not keep the connector from stopping', async () => {
    const flavor = new FakeFlavor();
    flavor[Symbol.asyncDispose] = () => new Promise<void>(() => {});
    const deps = { createFlavors: async () => new Map([['agent', flavor]]), clock: hurried(5_000) };
    const setup = await setUp({}, deps);
    await setup.connector.start();
    await setup.connector.stop();
    expect(setup.log.lines.join()).toContain('the flavors did not close within 5 s');
  });

  test('nor does one of a configuration that was refused keep the next from being read', async () => {
    const flavors = [new FakeFlavor(), new FakeFlavor(), new FakeFlavor()];
    const [, stuck] = flavors;
    if (stuck) stuck[Symbol.asyncDispose] = () => new Promise<void>(() => {});
    const createFlavors = async () => new Map([['agent', flavors.shift() ?? new FakeFlavor()]]);
    const setup = await setUp({}, { createFlavors, clock: hurried(5_000) });
    await setup.connector.start();
    setup.driver.renewFailure = new Error('no key');
    expect(await setup.connector.apply(setup.config)).toEqual({ ok: false, problem: 'no key' });
    setup.driver.renewFailure = undefined;
    expect(await setup.connector.apply(setup.config)).toMatchObject({ ok: true });
  });

  test('stop waits for sessions that take their time to end: their records are written', async () => {
    const setup = await setUp();
    await setup.connector.start();
    await answered(setup);
    const events = setup.flavors[0]?.sessions[0]?.events;
    const push = events?.push.bind(events);
    Object.defineProperty(events, 'push', { value: (event: never) => setTimeout(() => push?.(event), 100) });
    expect(await setup.records()).toMatchObject([{ cause: { text: 'drain' } }]);
  });

  test('stop after a drain, and drain after a stop, are the same stop', async () => {
    const setup = await setUp();
    await setup.connector.start();
    await setup.connector.drain();
    await setup.connector.finished;
    await Promise.all([setup.connector.stop(), setup.connector.stop(), setup.connector.drain()]);
    expect(setup.flavors[0]?.disposed).toBe(1);
  });
});

test('a recorded call has its file, named by its id, in its record', async () => {
  const setup = await setUp({ recording: { mode: 'stereo', format: 'ogg', path: temporaryDirectory() } });
  await setup.connector.start();
  const leg = await answered(setup);
  leg.emit(bye);
  const [record] = await setup.records();
  expect(record?.recording).toBe(join(setup.config.recording.path, `${record?.id}.ogg`));
  expect(existsSync(record?.recording ?? '')).toBe(true);
});

test('an INVITE that reaches no route is recorded with the number it was for', async () => {
  const setup = await setUp();
  await setup.connector.start();
  void setup.connector.drain();
  setup.driver.ring(new FakeLeg({ requestUser: '', toUser: '2000' }));
  setup.driver.ring(new FakeLeg({ requestUser: '3000', toUser: '2000' }));
  expect((await setup.records()).map(({ to, route }) => [to, route])).toEqual([
    ['2000', null],
    ['3000', null],
  ]);
});

describe('hostile INVITEs', () => {
  test('names of any length are cut in records and for the flavor', async () => {
    const setup = await setUp({ routes: [route({ any: true }, { flavor: 'agent' })] });
    await setup.connector.start();
    const leg = await answered(setup, { fromUser: 'f'.repeat(5000), requestUser: 't'.repeat(5000) });
    expect(setup.flavors[0]?.sessions[0]?.call.from).toHaveLength(256);
    leg.emit(bye);
    const [record] = await setup.records();
    expect([record?.from.length, record?.to.length]).toEqual([256, 256]);
  });

  test('header values are clean and short before a flavor sees them', async () => {
    const headers = new Map([
      ['x-customer', [`Ann\u0000\u001b[2J\u2028${'x'.repeat(5000)}`]],
      ['x-other', ['hidden']],
      ['authorization', ['Digest secret']],
    ]);
    const exposing = route({ any: true }, { flavor: 'agent', headers: ['X-Customer', 'Authorization', 'X-Absent'] });
    const setup = await setUp({ routes: [exposing] });
    await setup.connector.start();
    await answered(setup, { headers });
    const call = setup.flavors[0]?.sessions[0]?.call;
    expect([...(call?.headers.keys() ?? [])]).toEqual(['x-customer']);
    const value = call?.headers.get('x-customer') ?? '';
    expect(value).toMatch(/^Ann \[2J x+$/);
    expect(value.length).toBeLessThanOrEqual(4096);
    expect(call?.variables).toEqual({ from: 'alice', to: '2000', 'sip.x-customer': value });
  });

  test('a mistake of our own is no fault of the caller: 500', async () => {
    const setup = await setUp();
    await setup.connector.start();
    const leg = new FakeLeg();
    Object.defineProperty(leg, 'localAddress', {
      get: () => {
        throw new TypeError('a mistake');
      },
    });
    setup.driver.ring(leg);
    expect(leg.actions).toEqual(['reject 500']);
    expect(await setup.records()).toMatchObject([
      { cause: { sip: 500, text: 'rejected' }, error: { message: 'a mistake' } },
    ]);
  });
});
