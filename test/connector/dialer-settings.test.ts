import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { FakeFlavor } from '../support/fake-flavor.js';
import { answered, route, setUp } from './connector-setup.js';

const trunks = { carrier: { targets: ['sip:192.0.2.5'], failOverSeconds: 4 } };
const outbound = { allow: ['20'], trunk: 'carrier', callsPerMinute: 3, calls: 2, ringSeconds: 45 };

/** The URL of an API that answers as the test says. */
async function api(answer: (response: ServerResponse) => unknown): Promise<string> {
  const server = createServer((_request, response) => void answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve()).closeAllConnections()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function running(changes: Partial<Config> = {}, deps: Parameters<typeof setUp>[1] = {}) {
  const setup = await setUp({ trunks, outbound, http: { allow: ['127.0.0.1'] }, ...changes }, deps);
  await setup.connector.start();
  return setup;
}

const settingsOf = (url: string, format: 'native' | 'avc') =>
  ({ format, url, timeoutMs: 60_000, cacheSeconds: 0, required: true }) as const;

describe('calls asked for in one turn of the event loop, and while settings are awaited', () => {
  /** Settings that are there when the test says so. */
  async function withSettings() {
    const waiting: ServerResponse[] = [];
    const settings = settingsOf(await api((response) => waiting.push(response)), 'native');
    const routes = [route({ to: '2000' }, { flavor: 'agent' }), route({ to: '2001' }, { flavor: 'agent', settings })];
    const setup = await running({ routes });
    const arrive = async () => {
      await expect.poll(() => waiting.length).toBe(1);
      waiting.pop()?.end('{}');
    };
    return { ...setup, arrive };
  }

  test('are counted before they are begun', async () => {
    const setup = await running({ outbound: { ...outbound, calls: 1 } });
    const request = { to: '2001', flavor: 'agent' };
    const outcomes = await Promise.all([setup.connector.dial(request), setup.connector.dial(request)]);
    expect(outcomes).toMatchObject([{ ok: true }, { ok: false, status: 429, code: 'ERR_CALL_LIMIT' }]);
  });

  test('and once only', async () => {
    const setup = await running();
    const request = { to: '2001', flavor: 'agent' };
    const first = setup.connector.dial(request);
    const others = Array.from({ length: 8 }, async (_, ticks) => {
      for (let tick = 0; tick < ticks; tick += 1) await undefined;
      return setup.connector.dial(request);
    });
    const outcomes = await Promise.all([first, ...others]);
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, ...Array.from({ length: 7 }, () => false)]);
  });

  test('one whose settings come when callers have taken every place is refused', async () => {
    const setup = await withSettings();
    const outcome = setup.connector.dial({ to: '2001', route: '2001' });
    await answered(setup);
    await answered(setup);
    await setup.arrive();
    expect(await outcome).toMatchObject({ ok: false, status: 429, code: 'ERR_CALL_LIMIT' });
    expect(setup.driver.dialled).toEqual([]);
  });

  test('one whose settings come after a reload has its flavor still', async () => {
    const setup = await withSettings();
    const outcome = setup.connector.dial({ to: '2001', route: '2001' });
    expect(await setup.connector.apply(setup.config)).toMatchObject({ ok: true });
    await setup.arrive();
    expect(await outcome).toMatchObject({ ok: true });
    await expect.poll(() => setup.driver.dialled.length).toBe(1);
    expect(setup.flavors[0]?.disposed).toBe(0);
    setup.driver.dialled[0]?.end('peer', 486);
    await expect.poll(() => setup.flavors[0]?.disposed).toBe(1);
  });
});

describe("a call of ours whose settings have options of the flavor's", () => {
  /** An API in the words of the Python connector, and what flavors were made with. */
  async function withTenant(fails = false, changes: Partial<Config> = {}) {
    const answer = JSON.stringify({ flavor: 'agent', agent: { key: 'sk-tenant' } });
    const settings = settingsOf(await api((response) => response.end(answer)), 'avc');
    const made: { readonly options: unknown; readonly flavor: FakeFlavor }[] = [];
    const setup = await running(
      { routes: [route({ to: '2001' }, { flavor: 'agent', settings })], ...changes },
      {
        createFlavors: async ({ flavors }) => {
          if (fails && made.length > 0) throw new Error('the key sk-tenant is no key');
          const flavor = new FakeFlavor();
          made.push({ options: flavors['agent']?.options, flavor });
          return new Map([['agent', flavor]]);
        },
      },
    );
    return { ...setup, made };
  }
  const request = { to: '2001', route: '2001' };

  test('is talked by a flavor made with them, which is closed at its end', async () => {
    const setup = await withTenant();
    expect(await setup.connector.dial(request)).toMatchObject({ ok: true });
    expect(setup.made[1]?.options).toMatchObject({ apiKey: 'sk-tenant' });
    await expect.poll(() => setup.driver.dialled.length).toBe(1);
    expect([setup.made[0]?.flavor.sessions.length, setup.made[1]?.flavor.sessions.length]).toEqual([0, 1]);
    setup.driver.dialled[0]?.end('peer', 486);
    await expect.poll(() => setup.made[1]?.flavor.disposed).toBe(1);
    expect(setup.made[0]?.flavor.disposed).toBe(0);
  });

  test('is refused where they do not fit, without a word of theirs in the log', async () => {
    const setup = await withTenant(true);
    expect(await setup.connector.dial(request)).toMatchObject({ ok: false, status: 422 });
    expect(JSON.stringify(setup.log.lines)).not.toContain('sk-tenant');
  });

  test('leaves no flavor behind where it comes to nothing', async () => {
    const setup = await withTenant(false, { trunks: {} });
    expect(await setup.connector.dial(request)).toMatchObject({ ok: false, status: 422 });
    await expect.poll(() => setup.made[1]?.flavor.disposed).toBe(1);
  });
});
