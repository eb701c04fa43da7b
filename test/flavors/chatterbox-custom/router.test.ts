import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chooseTiers,
  expectedWaitMs,
  type TierDemands,
  type TierObservation,
  type TierRules,
  type TierView,
  tierReasons,
} from '../../../flavors/chatterbox-custom/router.js';

const noonMs = Date.UTC(2026, 10, 30, 12);
const idle: TierObservation = {
  health: 'ready',
  breaker: 'closed',
  resting: false,
  busy: 0,
  waiting: 0,
  spentUsd: 0,
};

function tier(rules: Partial<TierRules>, seen: Partial<TierObservation> = {}): TierView {
  return {
    rules: { name: 'laptop', kind: 'local', private: true, concurrency: 1, queueMs: 300, ...rules },
    seen: { ...idle, ...seen },
  };
}

const laptop = (seen: Partial<TierObservation> = {}, rules: Partial<TierRules> = {}) => tier(rules, seen);
const gpu = (seen: Partial<TierObservation> = {}, rules: Partial<TierRules> = {}) =>
  tier({ name: 'gpu', kind: 'dedicated', private: false, concurrency: 4, ...rules }, seen);
const cloud = (seen: Partial<TierObservation> = {}, rules: Partial<TierRules> = {}) =>
  tier({ name: 'cloud', kind: 'serverless', private: false, concurrency: 20, ...rules }, seen);

interface Row {
  readonly when: string;
  readonly tiers: readonly TierView[];
  readonly demands?: Partial<TierDemands>;
  readonly order: readonly string[];
  readonly excluded?: readonly string[];
}

const rows: readonly Row[] = [
  {
    when: 'all are well',
    tiers: [laptop(), gpu(), cloud()],
    order: ['laptop first', 'gpu first', 'cloud first'],
  },
  {
    when: 'the preferred one is busy for longer than one may wait',
    tiers: [laptop({ busy: 1, serviceMs: 1_500 }), gpu(), cloud()],
    order: ['gpu load', 'cloud load', 'laptop first'],
  },
  {
    when: 'it is busy, and soon free',
    tiers: [laptop({ busy: 1, serviceMs: 500 }), gpu(), cloud()],
    order: ['laptop first', 'gpu first', 'cloud first'],
  },
  {
    when: 'some others wait for it already',
    tiers: [laptop({ busy: 1, waiting: 2, serviceMs: 500 }), gpu()],
    order: ['gpu load', 'laptop first'],
  },
  {
    when: 'its breaker is open',
    tiers: [laptop({ breaker: 'open' }), gpu(), cloud()],
    order: ['gpu health', 'cloud health', 'laptop first'],
  },
  {
    when: 'its breaker is half open: a probe tries it, not a caller',
    tiers: [laptop({ breaker: 'half-open' }), gpu()],
    order: ['gpu health', 'laptop first'],
  },
  {
    when: 'it broke off a moment ago',
    tiers: [laptop({ resting: true }), gpu()],
    order: ['gpu health', 'laptop first'],
  },
  {
    when: 'it has failed at this sentence',
    tiers: [laptop(), gpu()],
    demands: { failed: new Set(['laptop']) },
    order: ['gpu health', 'laptop first'],
  },
  {
    when: 'it is cold',
    tiers: [laptop({ health: 'cold' }), gpu(), cloud({ health: 'cold', startMs: 8_000 })],
    order: ['gpu cold', 'cloud cold', 'laptop first'],
  },
  {
    when: 'all must start, the quickest is asked',
    tiers: [gpu({ health: 'cold' }), cloud({ health: 'starting', startMs: 4_000 })],
    order: ['cloud cold', 'gpu first'],
  },
  {
    when: 'it makes speech more slowly than that is spoken',
    tiers: [laptop({ realTimeFactor: 1.4 }), gpu({ realTimeFactor: 0.4 })],
    order: ['gpu slow', 'laptop first'],
  },
  {
    when: 'slow, but a start would take longer',
    tiers: [laptop({ realTimeFactor: 1.4 }), cloud({ health: 'cold' })],
    order: ['laptop first', 'cloud first'],
  },
  {
    when: 'another one spoke before',
    tiers: [laptop(), gpu(), cloud()],
    demands: { current: 'gpu' },
    order: ['gpu current', 'laptop first', 'cloud first'],
  },
  {
    when: 'another one spoke before, with the voice of the preferred one',
    tiers: [
      { ...laptop(), voice: 'amy' },
      { ...gpu(), voice: 'amy' },
      { ...cloud(), voice: 'other' },
    ],
    demands: { current: 'gpu' },
    order: ['laptop first', 'gpu first', 'cloud first'],
  },
  {
    when: 'the one that spoke before is busy',
    tiers: [laptop(), gpu({ busy: 4, serviceMs: 9_000 })],
    demands: { current: 'gpu' },
    order: ['laptop first', 'gpu first'],
  },
  {
    when: 'the call is private',
    tiers: [laptop({ breaker: 'open' }), gpu(), cloud()],
    demands: { private: true, current: 'cloud' },
    order: ['laptop first'],
    excluded: ['gpu privacy', 'cloud privacy'],
  },
  {
    when: 'the call is private, and nobody may hear it',
    tiers: [gpu(), cloud()],
    demands: { private: true },
    order: [],
    excluded: ['gpu privacy', 'cloud privacy'],
  },
  {
    when: 'it is used up for today',
    tiers: [gpu({ spentUsd: 5 }, { budgetUsdPerDay: 5 }), cloud({ spentUsd: 1.99 }, { budgetUsdPerDay: 2 })],
    order: ['cloud budget'],
    excluded: ['gpu budget'],
  },
  {
    when: 'it is closed at this hour',
    tiers: [gpu({}, { hours: { from: '08:00', until: '12:00', timeZone: 'UTC' } }), cloud()],
    order: ['cloud hours'],
    excluded: ['gpu hours'],
  },
  {
    when: 'it is open at this hour there',
    tiers: [gpu({}, { hours: { from: '07:00', until: '12:00', timeZone: 'America/New_York' } }), cloud()],
    order: ['gpu first', 'cloud first'],
  },
];

describe('who speaks when', () => {
  test.each(rows)('$when', ({ tiers, demands, order, excluded }) => {
    const choice = chooseTiers(tiers, { private: false, ...demands }, noonMs);
    expect(choice.order.map(({ name, reason }) => `${name} ${reason}`)).toEqual(order);
    expect(choice.excluded.map(({ name, obstacle }) => `${name} ${obstacle}`)).toEqual(excluded ?? []);
  });
});

const anyTier = (index: number): fc.Arbitrary<TierView> =>
  fc
    .record({
      rules: fc.record({
        private: fc.boolean(),
        concurrency: fc.integer({ min: 1, max: 8 }),
        queueMs: fc.integer({ min: 0, max: 3_000 }),
        budgetUsdPerDay: fc.constantFrom(0, 1, 10),
      }),
      seen: fc.record({
        health: fc.constantFrom('ready', 'cold', 'starting', 'unknown'),
        breaker: fc.constantFrom('closed', 'open', 'half-open'),
        resting: fc.boolean(),
        busy: fc.integer({ min: 0, max: 8 }),
        waiting: fc.integer({ min: 0, max: 50 }),
        serviceMs: fc.integer({ min: 1, max: 20_000 }),
        firstAudioMs: fc.integer({ min: 1, max: 20_000 }),
        realTimeFactor: fc.double({ min: 0.01, max: 5, noNaN: true }),
        spentUsd: fc.double({ min: 0, max: 12, noNaN: true }),
      }),
    })
    .map(({ rules, seen }) => tier({ ...rules, name: `tier-${index}`, kind: 'dedicated' }, seen as TierObservation));

const anyTiers = fc
  .integer({ min: 0, max: 5 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => anyTier(i))));
const anyDemands = fc.record({
  private: fc.boolean(),
  current: fc.constantFrom('tier-0', 'tier-3', 'nobody'),
  failed: fc.uniqueArray(fc.constantFrom('tier-0', 'tier-1', 'tier-2')).map((names) => new Set(names)),
});

test('whatever the state: a private call is never heard by a tier that is not, and no limit is passed', () => {
  fc.assert(
    fc.property(anyTiers, anyDemands, (tiers, demands) => {
      for (const { name } of chooseTiers(tiers, demands, noonMs).order) {
        const found = tiers.find(({ rules }) => rules.name === name);
        if (demands.private) expect(found?.rules.private).toBe(true);
        expect(found?.seen.spentUsd).toBeLessThan(found?.rules.budgetUsdPerDay ?? 0);
      }
    }),
    { numRuns: 200, seed: 6 },
  );
});

test('whatever the state: every tier is named once, in the order or among the excluded, and the answer is the same again', () => {
  fc.assert(
    fc.property(anyTiers, anyDemands, (tiers, demands) => {
      const choice = chooseTiers(tiers, demands, noonMs);
      const names = [...choice.order, ...choice.excluded].map(({ name }) => name);
      expect(names.toSorted()).toEqual(tiers.map(({ rules }) => rules.name));
      expect(chooseTiers(tiers, demands, noonMs)).toEqual(choice);
      for (const { reason } of choice.order) expect(tierReasons).toContain(reason);
    }),
    { numRuns: 200, seed: 7 },
  );
});

test('whatever the state: nobody is put before a tier that is well, free and preferred, but the one that spoke before', () => {
  fc.assert(
    fc.property(anyTiers, anyDemands, (tiers, demands) => {
      const { order } = chooseTiers(tiers, demands, noonMs);
      const well = tiers.find(
        ({ rules, seen }) =>
          order.some(({ name }) => name === rules.name) &&
          demands.failed.has(rules.name as 'tier-0') === false &&
          seen.breaker === 'closed' &&
          !seen.resting &&
          (seen.health === 'ready' || seen.health === 'unknown') &&
          (seen.realTimeFactor ?? 0) <= 1 &&
          seen.busy < rules.concurrency &&
          seen.waiting === 0,
      );
      if (well === undefined) return;
      const place = order.findIndex(({ name }) => name === well.rules.name);
      for (const { name } of order.slice(0, place)) {
        const before = tiers.find(({ rules }) => rules.name === name);
        if (name === demands.current || before === undefined) continue;
        expect(tiers.indexOf(before)).toBeLessThan(tiers.indexOf(well));
      }
    }),
    { numRuns: 200, seed: 8 },
  );
});

test('the wait for a tier grows with those that wait, and shrinks with what it does at once', () => {
  expect(expectedWaitMs(laptop())).toBe(0);
  expect(expectedWaitMs(laptop({ busy: 1, serviceMs: 1_000 }))).toBe(500);
  expect(expectedWaitMs(laptop({ busy: 1, waiting: 3, serviceMs: 1_000 }))).toBe(3_500);
  expect(expectedWaitMs(gpu({ busy: 4, waiting: 3, serviceMs: 1_000 }))).toBe(875);
});
