import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { deepgramConfigSchema } from '../../../flavors/deepgram/config.js';

const config = { apiKey: 'key', llm: { provider: 'anthropic', apiKey: 'key' } };

/** Keys whose default is described, not written down. */
const described = ['apiKey', 'llm', 'instructions'];

test('the README names every key of the configuration, with its default where it is a plain value', async () => {
  const readme = await readFile(new URL('../../../flavors/deepgram/README.md', import.meta.url), 'utf8');
  const [, table = ''] = readme.split('## Configuration');
  const [first = ''] = table.split('\n\n`stt`');
  const rows = new Map(
    [...first.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(([, key = '', value = '']) => [key, value]),
  );
  const keys = Object.keys(deepgramConfigSchema.shape);
  expect([...rows.keys()].sort()).toEqual(keys.toSorted());
  const defaults = Object.entries(deepgramConfigSchema.parse(given(config, keys)));
  for (const [key, value] of defaults) {
    if (described.includes(key)) continue;
    if (typeof value !== 'object') {
      expect(rows.get(key), key).toBe(`\`${value}\``);
      continue;
    }
    const [inner] = Object.entries(value);
    expect(rows.get(key), key).toBe(
      inner === undefined || String(inner[1]) === '' ? 'none' : `\`${inner[0]}: ${inner[1]}\``,
    );
  }
});

function given(all: Readonly<Record<string, unknown>>, keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(all).filter(([key]) => keys.includes(key)));
}
