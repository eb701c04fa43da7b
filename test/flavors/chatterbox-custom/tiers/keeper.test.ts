import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import type { TierObservation } from '../../../../flavors/chatterbox-custom/router.js';
import { careFor, keeperDefaults, type TierCare } from '../../../../flavors/chatterbox-custom/tiers/keeper.js';
import { FlavorError } from '../../../../src/flavor-api/index.js';
import { createKeptLog } from '../../../support/silent-log.js';
import { setUp } from '../support/bench.js';
import { runUntil, settle } from '../support/simulation.js';

const seen: TierObservation = {
  health: 'ready',
  breaker: 'closed',
  resting: false,
  busy: 0,
  waiting: 0,
  spentUsd: 0,
};
const rules = { name: 'gpu', kind: 'dedicated', private: false, concurrency: 1, queueMs: 0 } as const;

interface Circumstances {
  readonly calls: number;
  readonly quietMs: number;
  readonly keepWarm?: 'never' | 'calls' | 'always';
  readonly allowed?: boolean;
}
type Row = readonly [string, Partial<TierObservation>, Circumstances, TierCare];

test.each([
  ['it has just spoken', {}, { calls: 1, quietMs: 0 }, 'nothing'],
  ['it was quiet for long', {}, { calls: 1, quietMs: 60_000 }, 'probe'],
  ['nobody calls', {}, { calls: 0, quietMs: 60_000 }, 'nothing'],
  ['it is at work, and may be deaf', { busy: 1 }, { calls: 1, quietMs: 60_000 }, 'nothing'],
  ['it is down, and not to be tried yet', { breaker: 'open' }, { calls: 1, quietMs: 60_000 }, 'nothing'],
  ['it is down, and may be tried', { breaker: 'half-open' }, { calls: 1, quietMs: 0 }, 'probe'],
  ['it is cold, and may be', { health: 'cold' }, { calls: 1, quietMs: 0 }, 'probe'],
  ['it is cold while there are calls', { health: 'cold' }, { calls: 1, quietMs: 0, keepWarm: 'calls' }, 'wake'],
  ['it is cold, and nobody calls', { health: 'cold' }, { calls: 0, quietMs: 0, keepWarm: 'calls' }, 'nothing'],
  ['it is to be warm always', { health: 'cold' }, { calls: 0, quietMs: 0, keepWarm: 'always' }, 'wake'],
  ['its money is spent', { health: 'cold' }, { calls: 1, quietMs: 0, keepWarm: 'always', allowed: false }, 'nothing'],
] as const satisfies readonly Row[])('care for a tier: %s', (...[_, state, more, care]: Row) => {
  const { calls, quietMs, keepWarm = 'never', allowed = true } = more;
  const tier = { view: { rules, seen: { ...seen, ...state } }, allowed, keepWarm };
  expect(careFor(tier, calls, quietMs, keeperDefaults)).toBe(care);
});

test('a tier that is to be warm always is started again though nobody calls; one for calls is not', async () => {
  for (const [keepWarm, wakes] of [
    ['always', 2],
    ['calls', 0],
  ] as const) {
    const { clock, backends, voice } = setUp([{ tier: { keepWarm } }]);
    const [laptop] = backends;
    if (laptop) laptop.health = { state: 'cold' };
    await voice.warmup?.(new AbortController().signal);
    await runUntil(clock, () => false, 30_000, 500);
    if (laptop) laptop.health = { state: 'cold' };
    await runUntil(clock, () => false, 60_000, 500);
    expect(laptop?.wakes, keepWarm).toBe(wakes);
    await voice[Symbol.asyncDispose]();
    expect(clock.pendingTimers).toBe(0);
  }
});

test('nothing is left of a probe that is over', async () => {
  const { clock, open, backends } = setUp([{}]);
  const signals: AbortSignal[] = [];
  const [laptop] = backends;
  const probe = laptop?.probe.bind(laptop);
  if (laptop && probe) {
    Object.assign(laptop, {
      probe: (signal: AbortSignal) => {
        signals.push(signal);
        return probe();
      },
    });
  }
  const session = await open();
  await runUntil(clock, () => signals.length >= 3, 120_000, 500);
  session.close();
  await settle();
  expect(signals.map((signal) => getEventListeners(signal, 'abort').length)).toEqual(signals.map(() => 0));
});

test('a probe that is under way ends with the voice', async () => {
  const { clock, voice, backends, open } = setUp([{}]);
  const given: AbortSignal[] = [];
  const [laptop] = backends;
  await open();
  if (laptop) {
    Object.assign(laptop, {
      probe: (signal: AbortSignal) => {
        given.push(signal);
        return new Promise(() => {});
      },
    });
  }
  await runUntil(clock, () => given.length > 0, 120_000, 500);
  await voice[Symbol.asyncDispose]();
  expect(given.map(({ aborted }) => aborted)).toEqual([true]);
});

test('a tier that is down is tried again by probes, at longer and longer distances, and used once it answers', async () => {
  const { clock, open, backends, voice } = setUp([{}]);
  const [laptop] = backends;
  if (laptop) laptop.health = new FlavorError('ERR_FLAVOR_NETWORK', 'refused', true);
  const session = await open();
  await runUntil(clock, () => voice.tiers[0]?.seen.breaker === 'open', 120_000, 500);
  const probes = laptop?.probes ?? 0;
  await runUntil(clock, () => false, 600_000, 1_000);
  expect((laptop?.probes ?? 0) - probes).toBeLessThan(15);
  if (laptop) laptop.health = { state: 'ready' };
  await runUntil(clock, () => voice.tiers[0]?.seen.breaker === 'closed', 300_000, 1_000);
  expect(voice.tiers[0]?.seen).toMatchObject({ breaker: 'closed', health: 'ready' });
  session.close();
  await settle();
  expect(clock.pendingTimers).toBe(0);
});

test('a tier that cannot be started is named, stays cold, and is tried again at longer and longer distances', async () => {
  const log = createKeptLog();
  const { clock, backends, voice } = setUp([{ tier: { keepWarm: 'always' } }], { log });
  const [laptop] = backends;
  let wakes = 0;
  if (laptop) {
    laptop.health = { state: 'cold' };
    Object.assign(laptop, {
      wake: () => {
        wakes += 1;
        if (wakes === 1) return new Promise(() => {});
        return Promise.reject(new FlavorError('ERR_FLAVOR_QUOTA', 'no credit is left', true));
      },
    });
  }
  await voice.warmup?.(new AbortController().signal);
  await runUntil(clock, () => wakes === 1, 30_000, 500);
  await runUntil(clock, () => log.lines.length > 0, 179_000, 500);
  expect([log.lines.length, voice.tiers[0]?.seen.health]).toEqual([0, 'starting']);
  await runUntil(clock, () => log.lines.length > 0, 2_000, 500);
  expect(voice.tiers[0]?.seen.health).toBe('cold');
  await runUntil(clock, () => false, 600_000, 1_000);
  expect(wakes).toBeGreaterThan(3);
  expect(wakes).toBeLessThan(15);
  const told = log.lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'warn');
  expect(told.slice(0, 2)).toEqual([
    { level: 'warn', message: 'a tier cannot be started', tier: 'laptop', code: 'ERR_FLAVOR_TIMEOUT' },
    { level: 'warn', message: 'a tier cannot be started', tier: 'laptop', code: 'ERR_FLAVOR_QUOTA' },
  ]);
  await voice[Symbol.asyncDispose]();
});
