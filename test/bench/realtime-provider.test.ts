import { expect, test } from 'vitest';
import { parseProvider } from './realtime-provider.js';

test('a kind of provider is named by encoding, message length and scheme', () => {
  expect(parseProvider('mulaw-60-wss')).toEqual({ name: 'mulaw-60-wss', encoding: 'mulaw', chunkMs: 60, tls: true });
  expect(parseProvider('pcm24-20-ws')).toMatchObject({ encoding: 'pcm24', chunkMs: 20, tls: false });
});

test.each(['mulaw-60', 'alaw-60-ws', 'mulaw-30-ws', 'mulaw-60-http', ''])('%j is none', (name) => {
  expect(parseProvider(name)).toBeUndefined();
});
