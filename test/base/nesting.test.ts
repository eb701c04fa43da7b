import { expect, test } from 'vitest';
import { isNestedTooDeep } from '../../src/base/nesting.js';

const lists = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
const objects = (levels: number): unknown => JSON.parse('{"a":'.repeat(levels) + 1 + '}'.repeat(levels));

test('sixty-four levels are not too deep, and one more is, of lists, objects and both', () => {
  for (const nested of [lists, objects]) {
    expect(isNestedTooDeep(nested(64))).toBe(false);
    expect(isNestedTooDeep(nested(65))).toBe(true);
  }
  expect(isNestedTooDeep([1, { a: lists(62) }])).toBe(false);
  expect(isNestedTooDeep([1, { a: lists(63) }])).toBe(true);
});

test('what is neither is not deep', () => {
  for (const value of [undefined, null, 'text', 7, true]) expect(isNestedTooDeep(value)).toBe(false);
});

test('a value that nobody could walk is told apart', () => {
  expect(() => JSON.stringify(lists(100_000))).toThrow(RangeError);
  expect(isNestedTooDeep(lists(100_000))).toBe(true);
});
