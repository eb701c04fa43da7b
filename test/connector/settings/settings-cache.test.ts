import { expect, test } from 'vitest';
import { SettingsCache } from '../../../src/connector/settings/settings-cache.js';

test('what was not asked for the longest goes first', () => {
  const cache = new SettingsCache<number>();
  for (let index = 0; index < 1000; index += 1) cache.set(String(index), index, 1, 100);
  expect(cache.get('0', 0)).toBe(0);
  cache.set('new', 1000, 1, 100);
  expect(cache.size).toBe(1000);
  expect(cache.get('0', 0)).toBe(0);
  expect(cache.get('1', 0)).toBeUndefined();
});

test('large answers do not fill the memory', () => {
  const cache = new SettingsCache<number>();
  const megabyte = 1024 * 1024;
  for (let index = 0; index < 40; index += 1) cache.set(String(index), index, megabyte, 100);
  expect(cache.size).toBe(16);
  // Asking for what is there makes no room.
  for (let index = 24; index < 40; index += 1) expect(cache.get(String(index), 0)).toBe(index);
  cache.set('40', 40, megabyte, 100);
  expect(cache.size).toBe(16);
  expect(cache.get('39', 0)).toBe(39);
});

test('replaced and expired entries weigh nothing', () => {
  const cache = new SettingsCache<number>();
  const half = 8 * 1024 * 1024;
  for (let index = 0; index < 10; index += 1) cache.set('same', index, half, 100);
  cache.set('other', 1, half, 50);
  expect(cache.get('same', 0)).toBe(9);
  expect(cache.get('other', 50)).toBeUndefined();
  cache.set('third', 1, half, 100);
  expect(cache.get('same', 99)).toBe(9);
  expect(cache.get('same', 100)).toBeUndefined();
  expect(cache.size).toBe(1);
});
