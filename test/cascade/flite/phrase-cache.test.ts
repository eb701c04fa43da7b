import { expect, test } from 'vitest';
import { PhraseCache } from '../../../src/cascade/flite/phrase-cache.js';

function speech(samples: number): { pcm: Int16Array; utterances: never[] } {
  return { pcm: new Int16Array(samples), utterances: [] };
}

test('what was said last stays, what was not asked for longest goes', () => {
  const cache = new PhraseCache(100);
  cache.set('a', speech(40));
  cache.set('b', speech(40));
  expect(cache.get('a')).toBeDefined();
  cache.set('c', speech(40));
  expect([cache.get('a'), cache.get('b'), cache.get('c')].map((found) => found !== undefined)).toEqual([
    true,
    false,
    true,
  ]);
});

test('a phrase longer than the whole cache is not kept and displaces nothing', () => {
  const cache = new PhraseCache(100);
  cache.set('a', speech(60));
  cache.set('long', speech(101));
  expect(cache.get('long')).toBeUndefined();
  expect(cache.get('a')).toBeDefined();
});

test('a phrase set again is counted once', () => {
  const cache = new PhraseCache(100);
  for (let n = 0; n < 10; n += 1) cache.set('a', speech(60));
  cache.set('b', speech(40));
  expect(cache.get('a')).toBeDefined();
  expect(cache.get('b')).toBeDefined();
});
