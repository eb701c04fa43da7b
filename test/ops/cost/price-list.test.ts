import { expect, test } from 'vitest';
import { readBuiltInPriceSet } from '../../../src/config/price-sets.js';
import { PriceList } from '../../../src/ops/cost/price-list.js';

const day = '2026-11-22';
const builtIn = new PriceList([readBuiltInPriceSet('today').prices]);

function millionOf(model: string, unit: string, provider = 'openai', on = day, list = builtIn): number | undefined {
  const usd = list.usdPerUnit({ provider, model, unit }, on);
  return usd === undefined ? undefined : Math.round(usd * 1e12) / 1e6;
}

test('the prices of the package are dated and name their sources', () => {
  const { date, prices } = readBuiltInPriceSet('today');
  expect(date).toMatch(/^20\d\d-/);
  expect(prices.filter(({ source }) => source === undefined)).toEqual([]);
  expect(prices.length).toBeGreaterThan(20);
});

test('sound and text of a speech-to-speech model have prices of their own', () => {
  expect(millionOf('gpt-realtime', 'input-tokens')).toBe(4);
  expect(millionOf('gpt-realtime', 'audio-input-tokens')).toBe(32);
  expect(millionOf('gpt-realtime', 'audio-cached-tokens')).toBe(0.4);
  expect(millionOf('gpt-realtime', 'audio-output-tokens')).toBe(64);
  expect(millionOf('gpt-realtime-mini', 'audio-output-tokens')).toBe(20);
});

test('what a provider’s cache gives and takes has prices of its own', () => {
  expect(millionOf('claude-haiku-4-5', 'input-tokens', 'anthropic')).toBe(1);
  expect(millionOf('claude-haiku-4-5', 'cached-tokens', 'anthropic')).toBe(0.1);
  expect(millionOf('claude-haiku-4-5', 'cache-write-tokens', 'anthropic')).toBe(1.25);
});

test('a date behind the name of a model is passed over, other continuations are other models', () => {
  expect(millionOf('claude-haiku-4-5-20251001', 'output-tokens', 'anthropic')).toBe(5);
  expect(millionOf('gpt-4.1-mini-2025-04-14', 'output-tokens')).toBe(1.6);
  expect(millionOf('gpt-realtime-whisper', 'audio-input-tokens')).toBeUndefined();
  expect(millionOf('gpt-realtime', 'audio-ms')).toBeUndefined();
  expect(millionOf('gpt-realtime', 'constructor')).toBeUndefined();
});

test('a star stands for anything at its end, and the longest name is the closest', () => {
  const perMinute = (model: string): number => (millionOf(model, 'audio-ms', 'deepgram') ?? 0) * 0.06;
  expect(perMinute('nova-3-medical')).toBeCloseTo(0.0077, 6);
  expect(perMinute('flux-general-en')).toBeCloseTo(0.0065, 6);
  expect(millionOf('aura-2-thalia-en', 'characters', 'deepgram')).toBe(30);
  expect(millionOf('aura-asteria-en', 'characters', 'deepgram')).toBe(15);
  expect(millionOf('en-US-JennyNeural', 'characters', 'azure')).toBe(16);
});

test('a price holds from its first day to its last', () => {
  expect(millionOf('claude-sonnet-5', 'input-tokens', 'anthropic', '2026-08-31')).toBe(2);
  expect(millionOf('claude-sonnet-5', 'input-tokens', 'anthropic', '2026-09-01')).toBe(3);
});

test('the operator’s prices come before those of the package, and those fill the gaps', () => {
  const own = [{ provider: 'openai', model: 'gpt-realtime*', usdPerMillionTokens: { audioInput: 20 } }];
  const list = new PriceList([own, readBuiltInPriceSet('today').prices]);
  expect(millionOf('gpt-realtime', 'audio-input-tokens', 'openai', day, list)).toBe(20);
  expect(millionOf('gpt-realtime', 'audio-output-tokens', 'openai', day, list)).toBe(64);
});

test('a machine is priced by the hour', () => {
  const list = new PriceList([[{ provider: 'runpod', model: 'chatterbox*', usdPerHour: 0.36, usdPerMinute: 5 }]]);
  const usage = { provider: 'runpod', model: 'chatterbox-turbo', unit: 'machine-ms' };
  expect((list.usdPerUnit(usage, day) ?? 0) * 3_600_000).toBeCloseTo(0.36, 9);
});
