import { expect, test } from 'vitest';
import type { ConfigPath } from '../../../src/config/reading/config-path.js';
import { validate } from '../../../src/config/reading/validate.js';
import { ValueEdits } from '../../../src/config/reading/value-edits.js';

type Edit = readonly [path: ConfigPath, value?: unknown];

function edited(value: unknown, ...edits: Edit[]): unknown {
  const all = new ValueEdits();
  for (const [path, ...values] of edits) values.length > 0 ? all.set(path, values[0]) : all.remove(path);
  return all.applyTo(value);
}

const data = { a: { b: 1, c: [{ d: 2 }, 3] }, e: 4 };

test.each<[string, Edit[], unknown]>([
  ['a key goes', [[['a', 'b']]], { a: { c: [{ d: 2 }, 3] }, e: 4 }],
  ['a key of an entry goes', [[['a', 'c', 0, 'd']]], { a: { b: 1, c: [{}, 3] }, e: 4 }],
  ['an entry does not', [[['a', 'c', 1]]], data],
  ['an entry changes', [[['a', 'c', 1], 5]], { a: { b: 1, c: [{ d: 2 }, 5] }, e: 4 }],
  ['a key comes', [[['f'], 5]], { ...data, f: 5 }],
  ['no entry comes', [[['a', 'c', 2], 5]], data],
  ['what is not there is not made', [[['x', 'y']], [['e', 'y'], 5]], data],
  ['the whole', [[[], 5]], 5],
  ['the whole does not go', [[[]]], data],
  ['above, then below', [[['a']], [['a', 'b'], 5]], { e: 4 }],
  ['below, then above', [[['a', 'b'], 5], [['a']]], { e: 4 }],
])('%s', (_name, edits, expected) => {
  expect(edited(data, ...edits)).toEqual(expected);
  expect(data).toEqual({ a: { b: 1, c: [{ d: 2 }, 3] }, e: 4 });
});

test('a key of the language stays a key of the data', () => {
  const odd: unknown = JSON.parse('{ "__proto__": { "x": 1 }, "y": 2 }');
  expect(JSON.stringify(edited(odd, [['y']]))).toBe('{"__proto__":{"x":1}}');
});

test('a file of which each entry is wrong is looked through in time of its length', () => {
  const targets = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`t${index}`, { tto: 'x' }]));
  const { user } = process.cpuUsage();
  const { issues } = validate({ transfer: { targets } }, new Set());
  // With a copy of all of it for each mistake: half a minute, in which no call is served.
  expect(process.cpuUsage().user - user).toBeLessThan(4_000_000);
  expect(issues.length).toBeGreaterThanOrEqual(6_000);
});
