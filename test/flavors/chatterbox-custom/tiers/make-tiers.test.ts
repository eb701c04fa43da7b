import { afterEach, expect, test } from 'vitest';
import { chatterboxCustomConfigSchema } from '../../../../flavors/chatterbox-custom/config.js';
import { privacyOf } from '../../../../flavors/chatterbox-custom/privacy.js';
import { makeTiers } from '../../../../flavors/chatterbox-custom/tiers/make-tiers.js';
import type { TierOptions } from '../../../../flavors/chatterbox-custom/tiers/tier.js';

const made: TierOptions[] = [];
afterEach(async () => {
  for (const { backend } of made.splice(0)) await backend[Symbol.asyncDispose]();
});

/** One voice, which each kind of server calls something else. */
const backends = [
  { provider: 'chatterbox', server: 'devnen', url: 'http://127.0.0.1:8004', voice: { reference: 'amy.wav' } },
  { provider: 'openai-speech', baseUrl: 'http://127.0.0.1:8005/v1', model: 'chatterbox', voice: 'amy' },
  { provider: 'runpod', apiKey: 'key', endpoint: 'abc123', voice: 'amy-2026' },
];

function tiersOf(names: readonly (string | undefined)[]): readonly TierOptions[] {
  const { tiers } = chatterboxCustomConfigSchema.parse({
    tiers: backends.map((backend, index) => ({
      name: `tier-${index}`,
      kind: index === 0 ? 'local' : 'dedicated',
      ...(names[index] !== undefined && { voice: names[index] }),
      backend,
    })),
  });
  const options = makeTiers(tiers ?? [], privacyOf([], false));
  made.push(...options);
  return options;
}

test('whatever may change its sound makes another voice; address, keys and patience do not', () => {
  const voiceWith = (more: object): string | undefined => {
    const backend = { ...backends[0], ...more };
    const { tiers } = chatterboxCustomConfigSchema.parse({ tiers: [{ name: 'a', kind: 'local', backend }] });
    const [tier] = makeTiers(tiers, privacyOf([], false));
    if (tier) made.push(tier);
    return tier?.voice;
  };
  const same = [
    { url: 'http://10.0.0.2:8004' },
    { token: 'secret' },
    { retries: 3 },
    { concurrency: 2 },
    { machine: 'own/laptop' },
  ];
  const other = [
    { exaggeration: 0.9 },
    { cfgWeight: 0.2 },
    { temperature: 1 },
    { seed: 2 },
    { speed: 1.1 },
    { language: 'de' },
  ];
  expect(new Set([{}, ...same].map(voiceWith)).size).toBe(1);
  expect(new Set([{}, ...other].map(voiceWith)).size).toBe(1 + other.length);
});

test('a voice that each server calls something else is one where its tiers give it one name', () => {
  expect(new Set(tiersOf(['amy', 'amy', 'amy']).map(({ voice }) => voice)).size).toBe(1);
  expect(new Set(tiersOf(['amy', 'amy', 'sue']).map(({ voice }) => voice)).size).toBe(2);
  expect(new Set(tiersOf([]).map(({ voice }) => voice)).size).toBe(3);
});

test('what is kept of one is known by all that makes its sound, under whatever name', () => {
  const [named, unnamed] = [tiersOf(['amy', 'amy', 'amy']), tiersOf([])];
  expect(named.map(({ sound }) => sound)).toEqual(unnamed.map(({ sound }) => sound));
  expect(new Set(named.map(({ sound }) => sound)).size).toBe(3);
});

const key = { apiKey: 'key' };
test.each([
  [backends[0], 'usdPerHour'],
  [backends[1], 'usdPerMillionCharacters'],
  [backends[2], 'usdPerHour'],
  [{ provider: 'runpod', ...key }, 'usdPerMinute'],
  [{ provider: 'replicate', ...key }, 'usdPerHour'],
  [{ provider: 'together', ...key }, 'usdPerMillionCharacters'],
])('a budget is refused without the price that %j is counted by', (backend, price) => {
  const make = (prices: object): void => {
    const { tiers } = chatterboxCustomConfigSchema.parse({
      tiers: [{ name: 'one', kind: 'dedicated', backend, budgetUsdPerDay: 5, ...prices }],
    });
    made.push(...makeTiers(tiers ?? [], privacyOf([], false)));
  };
  const others = { usdPerHour: 1, usdPerMillionCharacters: 1, usdPerMinute: 1, [price]: undefined };
  expect(() => make(others)).toThrow(`what this server reports is counted by ${price}, which is missing`);
  make({ [price]: 1 });
  const usage = { type: 'usage', provider: 'any', model: 'any' } as const;
  const costs = (['machine-ms', 'characters', 'audio-ms'] as const).map((unit) =>
    made.at(-1)?.priceOf?.({ ...usage, unit, quantity: 3_600_000 }),
  );
  expect(costs.filter((usd) => usd !== 0)).toHaveLength(1);
});
