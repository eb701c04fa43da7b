import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createSystemRandom } from '../../../src/base/random.js';
import type { Config } from '../../../src/config/config.js';
import { createSignalingDriver } from '../../../src/connector/network/driver-factory.js';
import { anyRoute, loadGood } from '../../config/load-text.js';
import { FakeClock } from '../../support/fake-clock.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { tlsFile } from '../../support/tls-files.js';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const create = (config: Config) =>
  createSignalingDriver(config, { clock: new FakeClock(), random: createSystemRandom(), log });

async function driverOf(signaling: string) {
  const { config } = await loadGood(`signaling: ${signaling}\n${anyRoute}`);
  return create(config);
}

describe('the driver of a configuration', () => {
  test('is the one it names', async () => {
    expect((await driverOf('{}')).name).toBe('embedded');
    const drachtio = await driverOf('{ driver: drachtio, drachtio: { host: 127.0.0.1, port: 1, secret: cymru } }');
    expect([drachtio.name, drachtio.servers?.()]).toEqual(['drachtio', []]);
  });

  test('is none where a PEM file has gone since the file was read', async () => {
    const ca = join(temporaryDirectory(), 'ca.pem');
    copyFileSync(tlsFile('authority.crt'), ca);
    const tls = `{ driver: drachtio, drachtio: { host: a, secret: b, tls: { ca: ${ca} } } }`;
    const { config } = await loadGood(`signaling: ${tls}\n${anyRoute}`);
    rmSync(ca);
    expect(() => create(config)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }));
  });
});
