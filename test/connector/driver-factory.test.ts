import { describe, expect, test } from 'vitest';
import { createSystemRandom } from '../../src/base/random.js';
import { createSignalingDriver } from '../../src/connector/driver-factory.js';
import { anyRoute, loadGood } from '../config/load-text.js';
import { FakeClock } from '../support/fake-clock.js';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

async function driverOf(signaling: string) {
  const { config } = await loadGood(`signaling: ${signaling}\n${anyRoute}`);
  return createSignalingDriver(config, { clock: new FakeClock(), random: createSystemRandom(), log });
}

describe('the driver of a configuration', () => {
  test('is the one it names', async () => {
    expect((await driverOf('{}')).name).toBe('embedded');
    const drachtio = await driverOf('{ driver: drachtio, drachtio: { host: 127.0.0.1, port: 1, secret: cymru } }');
    expect([drachtio.name, drachtio.servers?.()]).toEqual(['drachtio', []]);
  });

  test('is none where a PEM file is missing', async () => {
    await expect(
      driverOf('{ driver: drachtio, drachtio: { host: a, secret: b, tls: { ca: /nowhere/ca.pem } } }'),
    ).rejects.toEqual(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }));
  });
});
