import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { echoConfigSchema } from '../../../flavors/echo/config.js';

test('the README names every key of the configuration with its default', async () => {
  const readme = await readFile(new URL('../../../flavors/echo/README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| `(\w+)` +\| `(.*?)` +\|/gm)].map(([, key, value]) => [key, value]);
  const defaults = Object.entries(echoConfigSchema.parse({})).map(([key, value]) => [key, String(value)]);
  expect(rows).toEqual(defaults);
});
