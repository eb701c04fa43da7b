import { expect, test } from 'vitest';
import { createSystemRandom } from '../../src/base/random.js';

test('no random bytes are given out twice, however many are asked for', () => {
  const random = createSystemRandom();
  const values = Array.from({ length: 2_000 }, (_, index) => random.hex(8 + (index % 3)));
  expect(values.every((value, index) => value.length === 2 * (8 + (index % 3)))).toBe(true);
  expect(new Set(values.map((value) => value.slice(0, 16))).size).toBe(values.length);
});

test('more than are kept ready come as well', () => {
  expect(createSystemRandom().hex(10_000)).toMatch(/^[0-9a-f]{20000}$/);
});

test('integers stay below their limit and reach all of it', () => {
  const random = createSystemRandom();
  const values = new Set(Array.from({ length: 2_000 }, () => random.integer(7)));
  expect([...values].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(random.integer(1)).toBe(0);
});
