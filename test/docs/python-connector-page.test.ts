import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { scenarios } from '../conformance/scenarios/index.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const table = readFileSync(`${root}docs/python-connector.md`, 'utf8');
const unescaped = (title: string): string => title.replace(/\\([*_])/g, '$1');

test('every test and scenario that the table of faults names is there', () => {
  const named = [...table.matchAll(/`(test\/[\w/.-]+)`: \*([^*]+)\*/g)];
  const missing = named.filter(([, file = '', title = '']) => {
    return !existsSync(`${root}${file}`) || !readFileSync(`${root}${file}`, 'utf8').includes(`'${unescaped(title)}'`);
  });
  expect(missing.map(([text]) => text)).toEqual([]);
  expect(named.length).toBeGreaterThan(40);
  const titles = new Set(scenarios.map(({ title }) => title));
  const played = [...table.matchAll(/conformance: \*([^*]+)\*/g)].map(([, title = '']) => unescaped(title));
  expect(played.filter((title) => !titles.has(title))).toEqual([]);
  expect(played.length).toBeGreaterThan(15);
});
