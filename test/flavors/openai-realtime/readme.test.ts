import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { realtimeConfigSchema } from '../../../flavors/openai-realtime/config.js';

test('the README names every key of the configuration, with its default where it is a plain value', async () => {
  const readme = await readFile(new URL('../../../flavors/openai-realtime/README.md', import.meta.url), 'utf8');
  const [, table = ''] = readme.split('## Configuration');
  const rows = new Map(
    [...table.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(([, key = '', value = '']) => [key, value]),
  );
  expect([...rows.keys()]).toEqual(Object.keys(realtimeConfigSchema.shape));
  const defaults = Object.entries(realtimeConfigSchema.parse({ apiKey: 'key' }));
  for (const [key, value] of defaults) {
    if (key === 'apiKey' || key === 'instructions') continue;
    if (typeof value === 'object') {
      const [first, inner] = Object.entries(value)[0] ?? [];
      expect(rows.get(key), key).toBe(`\`${first}: ${inner}\``);
    } else {
      expect(rows.get(key), key).toBe(`\`${value}\``);
    }
  }
});
