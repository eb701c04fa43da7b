import { expect, test } from 'vitest';
import { PhraseCache, phraseCacheDefaults } from '../../../../flavors/chatterbox-custom/phrases/phrase-cache.js';
import type { Tier } from '../../../../flavors/chatterbox-custom/tiers/tier.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { SeededRandom } from '../../../support/seeded-random.js';

const tier = { sound: 'sophie', backend: { identity: { provider: 'chatterbox', model: 'one' } } } as Tier;
const sound = (length: number) => ({ samples: new Int16Array(length), sampleRate: 24_000 });

function cacheOf(maxMemoryBytes: number = phraseCacheDefaults.maxMemoryBytes): PhraseCache {
  const deps = { clock: new FakeClock(), random: new SeededRandom(1) };
  return new PhraseCache({ ...phraseCacheDefaults, maxMemoryBytes }, deps);
}

test('the least recently used leave the memory when there are too many bytes, and what is too large never enters it', async () => {
  const cache = cacheOf(4_500);
  const keep = (text: string, length: number): void => cache.offer(text, tier, sound(length), { always: true });
  const kept = (): readonly string[] => ['One.', 'Two.', 'Three.', 'Large.'].filter((text) => cache.has(text, tier));
  keep('One.', 1_000);
  keep('Two.', 1_000);
  await cache.find('One.', tier);
  keep('Three.', 1_000);
  expect(kept()).toEqual(['One.', 'Three.']);
  // Said again it takes no more than it did.
  keep('Three.', 1_000);
  keep('Large.', 2_300);
  expect(kept()).toEqual(['One.', 'Three.']);
  keep('Large.', 2_200);
  expect(kept()).toEqual(['Large.']);
});

test('a sentence that was said once, and five thousand others since, counts as new', () => {
  for (const [others, kept] of [
    [4_999, true],
    [5_000, false],
  ] as const) {
    const cache = cacheOf();
    cache.offer('Good morning.', tier, sound(10));
    for (let other = 0; other < others; other += 1) cache.offer(`Sentence ${other}.`, tier, sound(10));
    cache.offer('Good morning.', tier, sound(10));
    expect(cache.has('Good morning.', tier), `${others}`).toBe(kept);
  }
});

test('what is longer than a sentence is not kept', () => {
  const cache = cacheOf();
  for (const length of [300, 301]) cache.offer('a'.repeat(length), tier, sound(10), { always: true });
  expect([300, 301].map((length) => cache.has('a'.repeat(length), tier))).toEqual([true, false]);
});
