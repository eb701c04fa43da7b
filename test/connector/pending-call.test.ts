import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { SettingsConfig } from '../../src/config/config.js';
import { FakeLeg } from '../support/fake-leg.js';
import { bye, route, setUp } from './connector-setup.js';

/** A connector whose calls are settled by an API that answers when the test says so. */
async function setUpWithApi(rest: Partial<SettingsConfig> = {}) {
  const waiting: ServerResponse[] = [];
  const server = createServer((_request, response) => void waiting.push(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/{{to}}`;
  const settings = { url, timeoutMs: 10_000, cacheSeconds: 0, required: false, format: 'native' as const, ...rest };
  const setup = await setUp({
    http: { allow: ['127.0.0.1'] },
    routes: [route({ any: true }, { flavor: 'agent', settings })],
  });
  await setup.connector.start();
  const ring = async (): Promise<{ readonly leg: FakeLeg; answer(settled: unknown): void }> => {
    const before = waiting.length;
    const leg = new FakeLeg();
    setup.driver.ring(leg);
    await expect.poll(() => waiting.length).toBe(before + 1);
    const answer = (settled: unknown): void => {
      waiting[before]?.setHeader('content-type', 'application/json').end(JSON.stringify(settled));
    };
    return { leg, answer };
  };
  return { ...setup, ring };
}

test('a call is answered as its settings say', async () => {
  const { ring, flavors, connector } = await setUpWithApi();
  const { leg, answer } = await ring();
  expect(connector.calls()).toMatchObject([{ state: 'preparing', to: '2000' }]);
  answer({ instructions: 'You are {{shop}}.', greeting: 'Hello.', variables: { shop: 'Ada’s' } });
  await expect.poll(() => leg.actions).toContain('200');
  expect(flavors[0]?.sessions[0]?.call).toMatchObject({ instructions: 'You are Ada’s.', greeting: 'Hello.' });
  expect(connector.calls()).toHaveLength(1);
});

test('a call that its settings refuse is refused, with a record', async () => {
  const { ring, records } = await setUpWithApi();
  const { leg, answer } = await ring();
  answer({ reject: 486 });
  await expect.poll(() => leg.actions).toContain('reject 486');
  expect(await records()).toMatchObject([{ cause: { sip: 486, text: 'rejected' }, endedBy: 'connector' }]);
});

test('a call without the settings it needs is refused, so that another connector can try', async () => {
  const { ring, records } = await setUpWithApi({ required: true });
  const { leg, answer } = await ring();
  answer('nonsense');
  await expect.poll(() => leg.actions).toContain('reject 503');
  expect(await records()).toMatchObject([{ cause: { sip: 503 } }]);
});

test.each([
  ['gives up', { by: 'peer', status: 487 }, { cause: { sip: 487, text: 'cancelled' }, endedBy: 'caller' }],
  ['whose SIP server is lost', { by: 'transport' }, { cause: { sip: 503, text: 'unreachable' }, endedBy: 'connector' }],
] as const)('a caller who %s meanwhile costs no session and leaves a record', async (_, end, record) => {
  const { ring, flavors, records, connector } = await setUpWithApi();
  const { leg, answer } = await ring();
  leg.emit({ ...bye, end: { ...bye.end, ...end } });
  await expect.poll(() => connector.calls()).toEqual([]);
  answer({});
  expect(flavors[0]?.sessions).toEqual([]);
  expect(await records()).toMatchObject([record]);
});

test('calls that wait for their settings count against the limit', async () => {
  const { ring, driver } = await setUpWithApi();
  await ring();
  await ring();
  const third = new FakeLeg();
  driver.ring(third);
  expect(third.actions).toEqual(['reject 503']);
});

test('an operator can hang up a call that waits, and a stop ends it', async () => {
  const { ring, connector, records } = await setUpWithApi();
  const first = await ring();
  const [call] = connector.calls();
  connector.hangUp(call?.id ?? '');
  await expect.poll(() => first.leg.actions).toEqual(['reject 480']);
  const second = await ring();
  const causes = (await records()).map(({ cause }) => cause);
  expect(second.leg.actions).toEqual(['reject 503']);
  expect(causes).toEqual([
    { sip: 480, text: 'admin' },
    { sip: 503, text: 'drain' },
  ]);
});
