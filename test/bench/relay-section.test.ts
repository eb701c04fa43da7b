import { expect, test } from 'vitest';
import { relayed } from './relay-section.js';

function found(names: readonly string[], problem?: string): readonly (readonly string[])[] {
  const { providers, notes } = relayed(names, () => problem);
  return [providers.map(({ name }) => name), notes];
}

test('a provider that cannot be relayed is left out, and ends no bench of which the relay is a part', () => {
  expect(found(['mulaw-60-wss', 'pcm24-60-ws'])).toEqual([
    ['mulaw-60-wss'],
    ['Left out, since mu-law alone is relayed: pcm24-60-ws.'],
  ]);
  expect(() => found(['alaw-60-ws'])).toThrow('--provider: alaw-60-ws is none');
});

test('without the headers of OpenSSL providers by ws are relayed', () => {
  expect(found(['mulaw-20-ws', 'mulaw-60-wss'], 'no headers')).toEqual([
    ['mulaw-20-ws'],
    ['Providers by wss were left out: the headers of OpenSSL are missing.'],
  ]);
});
