import { expect, test } from 'vitest';
import { createSystemRandom } from '../../src/base/random.js';
import type { Config } from '../../src/config/config.js';
import { createRouter } from '../../src/config/router.js';
import { Generation } from '../../src/connector/generation.js';
import { BackgroundSounds } from '../../src/connector/sound/background-sounds.js';
import type { Flavor } from '../../src/flavor-api/index.js';
import { createGuardedFetch } from '../../src/http/guarded-fetch.js';
import { ToolSet } from '../../src/tools/tool-set.js';
import { FakeAnnouncer } from '../support/fake-announcer.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeFlavor } from '../support/fake-flavor.js';
import { createKeptLog } from '../support/silent-log.js';

const config = { breaker: { failures: 5, openSeconds: 30 } } as Config;

async function setUp(...flavors: Flavor[]) {
  const errors: unknown[] = [];
  const named = new Map(flavors.map((flavor, index) => [String(index), flavor]));
  const announcer = new FakeAnnouncer();
  const clock = new FakeClock(0);
  const log = createKeptLog();
  const fetch = createGuardedFetch({ allow: [], clock });
  const generation = new Generation(config, createRouter([]), named, {
    clock,
    log,
    announcer,
    fetch,
    sounds: await BackgroundSounds.load([], log),
    tools: new ToolSet(new Map(), [], { http: fetch, clock, log, random: createSystemRandom() }),
    createVariant: () => Promise.reject(new Error('none here')),
    onDisposeError: (error) => errors.push(error),
  });
  return { generation, errors, announcer };
}

test('closes its flavors at once when nobody uses it, and only once', async () => {
  const flavor = new FakeFlavor();
  const { generation, announcer } = await setUp(flavor);
  await generation.retire();
  await generation.retire();
  expect([flavor.disposed, announcer.disposed]).toEqual([1, 1]);
});

test('closes its flavors when its last call has ended', async () => {
  const flavor = new FakeFlavor();
  const { generation } = await setUp(flavor);
  generation.retain();
  generation.retain();
  await generation.retire();
  generation.release();
  expect(flavor.disposed).toBe(0);
  generation.release();
  expect(flavor.disposed).toBe(1);
});

test('calls that end do not close a generation that is in force', async () => {
  const flavor = new FakeFlavor();
  const { generation } = await setUp(flavor);
  generation.retain();
  generation.release();
  expect(flavor.disposed).toBe(0);
});

test('a flavor that does not close keeps no other open, and is complained of', async () => {
  const rejects = new FakeFlavor();
  rejects[Symbol.asyncDispose] = () => Promise.reject(new Error('later'));
  const throws = new FakeFlavor();
  throws[Symbol.asyncDispose] = () => {
    throw new Error('at once');
  };
  const last = new FakeFlavor();
  const { generation, errors } = await setUp(rejects, throws, last);
  await generation.retire();
  expect(last.disposed).toBe(1);
  expect(errors).toMatchObject([{ message: 'later' }, { message: 'at once' }]);
});
