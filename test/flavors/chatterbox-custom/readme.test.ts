import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { chatterboxCustomConfigSchema } from '../../../flavors/chatterbox-custom/config.js';

/** Keys whose default is described, not written down. */
const described = ['stt', 'llm', 'tts', 'instructions'];

test('the README names every key of the configuration, with its default where it is a plain value', async () => {
  const readme = await readFile(new URL('../../../flavors/chatterbox-custom/README.md', import.meta.url), 'utf8');
  const [, table = ''] = readme.split('## Configuration');
  const [first = ''] = table.split('\n\n`tts`');
  const rows = new Map(
    [...first.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(([, key = '', value = '']) => [key, value]),
  );
  const keys = Object.keys(chatterboxCustomConfigSchema.shape);
  expect([...rows.keys()].sort()).toEqual(keys.toSorted());
  const defaults = Object.entries(chatterboxCustomConfigSchema.parse({}));
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
