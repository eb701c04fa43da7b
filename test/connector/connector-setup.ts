import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type Clock, createSystemClock, type TimerHandle } from '../../src/base/clock.js';
import { ConnectorError } from '../../src/base/connector-error.js';
import { createSystemRandom } from '../../src/base/random.js';
import type { Config, RouteConfig } from '../../src/config/config.js';
import type { ConnectorDeps } from '../../src/connector/connector-deps.js';
import { VoiceConnector } from '../../src/connector/voice-connector.js';
import type { CallRecord } from '../../src/ops/call-record.js';
import { embeddedDefaults } from '../../src/signaling/embedded/embedded-options.js';
import { configDefaults, routeDefaults } from '../support/config-defaults.js';
import { FakeAnnouncer } from '../support/fake-announcer.js';
import { FakeDriver } from '../support/fake-driver.js';
import { FakeFlavor } from '../support/fake-flavor.js';
import { FakeLeg } from '../support/fake-leg.js';
import { FakeEngine } from '../support/fake-media.js';
import { createKeptLog } from '../support/silent-log.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const opensips: Config['signaling']['opensips'] = {
  mi: { protocol: 'udp', host: '127.0.0.1', port: 8080 },
  replyDirectory: '/tmp/',
  events: { host: '127.0.0.1', port: 0 },
  allow: undefined,
  domain: undefined,
};

export const route = (match: RouteConfig['match'], rest: Partial<RouteConfig> = {}): RouteConfig => ({
  ...routeDefaults,
  match,
  ...rest,
});

export function configIn(directory: string, changes: Partial<Config> = {}): Config {
  return {
    ...configDefaults,
    signaling: {
      driver: 'embedded',
      embedded: {
        listen: [],
        advertise: undefined,
        allow: [],
        auth: undefined,
        register: [],
        tls: undefined,
        webSocket: { origins: [] },
        keepAliveSeconds: 0,
        sessionTimers: embeddedDefaults.sessionTimers,
      },
      drachtio: [],
      opensips,
    },
    media: {
      engine: 'auto',
      bind: '127.0.0.1',
      advertise: undefined,
      ports: { min: 40_000, max: 40_100 },
      codecs: ['pcmu', 'pcma'],
      opus: { library: '@evan/opus', bitrate: 32_000, complexity: 5 },
      jitter: { minMs: 40, maxMs: 40 },
      srtp: 'off',
      webRtc: false,
      latching: { nat: false, strict: false },
      dtmf: { inband: false },
      vad: { engine: 'energy' },
      portRestSeconds: 0,
    },
    cost: { prices: [], timeZone: 'UTC', goodbye: { text: 'Goodbye.' } },
    limits: {
      calls: 2,
      callsPerSecond: 100,
      perSourcePerSecond: 100,
      callSeconds: 60,
      rtpTimeoutSeconds: 30,
      silenceSeconds: 60,
    },
    admin: { listen: { host: '127.0.0.1', port: 0 }, token: 'a-token-for-this-test-alone' },
    cdr: { path: join(directory, 'cdr.jsonl'), include: [] },
    recording: { mode: 'off', format: 'wav', path: directory },
    flavors: { agent: { use: 'fake', options: {} } },
    routes: [
      route(
        { to: '2000' },
        {
          flavor: 'agent',
          greeting: { text: 'Hi {{from}}, {{shop}}, {{sip.X-Customer}}' },
          variables: { shop: 'London' },
        },
      ),
      route({ to: '2009' }, { reject: 486 }),
    ],
    file: join(directory, 'connector.yaml'),
    ...changes,
  };
}

/** Real time that knows which of its timers are still to fire. */
function createCountingClock(
  clock: Clock = createSystemClock(),
): Clock & { readonly pending: ReadonlySet<TimerHandle> } {
  const pending = new Set<TimerHandle>();
  return {
    ...clock,
    pending,
    setTimeout: (callback, delayMs) => {
      const timer = clock.setTimeout(() => {
        pending.delete(timer);
        callback();
      }, delayMs);
      pending.add(timer);
      return timer;
    },
    clearTimeout: (timer) => {
      if (timer !== undefined) pending.delete(timer);
      clock.clearTimeout(timer);
    },
  };
}

/** A connector on fakes but for its files; it is stopped when the running test is over. */
export async function setUp(changes: Partial<Config> = {}, deps: Partial<ConnectorDeps> = {}) {
  const directory = temporaryDirectory();
  const clock = createCountingClock(deps.clock);
  const driver = new FakeDriver();
  const engine = new FakeEngine(clock);
  const flavors: FakeFlavor[] = [];
  const log = createKeptLog();
  const config = configIn(directory, changes);
  const connector = new VoiceConnector(config, {
    random: createSystemRandom(),
    log,
    createDriver: () => driver,
    createEngine: () => engine,
    createAnnouncer: () => new FakeAnnouncer(),
    createFlavors: async (current) => {
      if (current.routes.length === 0) throw new ConnectorError('ERR_FLAVOR_NOT_FOUND', 'no such flavor');
      const flavor = new FakeFlavor();
      flavors.push(flavor);
      return new Map([['agent', flavor]]);
    },
    ...deps,
    clock,
  });
  onTestFinished(() => connector.stop());
  const records = async (): Promise<CallRecord[]> => {
    await connector.stop();
    const text = await readFile(config.cdr.path, 'utf8');
    return text.trim() === ''
      ? []
      : text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as CallRecord);
  };
  return { connector, config, clock, driver, engine, flavors, log, records };
}

export type Setup = Awaited<ReturnType<typeof setUp>>;

/** Lets an answered call come about. */
export async function answered(setup: Setup, invite = {}): Promise<FakeLeg> {
  const leg = new FakeLeg(invite);
  setup.driver.ring(leg);
  await expect.poll(() => leg.actions).toContain('200');
  leg.emit({ type: 'acked', sdp: undefined });
  return leg;
}

/** The caller hangs up. */
export const bye = { type: 'ended', end: { by: 'peer', status: 0, text: '' } } as const;
