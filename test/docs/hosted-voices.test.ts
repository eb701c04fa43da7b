import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { hostedSpeechConfig } from '../../src/cascade/index.js';

const page = await readFile(new URL('../../docs/17-hosted-voices.md', import.meta.url), 'utf8');

/** Keys and defaults of the table below a heading. */
function table(heading: string): ReadonlyMap<string, string> {
  const [, section = ''] = page.split(`\n${heading}\n`);
  const [rows = ''] = section.split(/\n##/);
  const cells = [...rows.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| (.*?) \|/gm)];
  return new Map(
    cells.flatMap(([, keys = '', value = '']) =>
      [...keys.matchAll(/`(\w+)`/g)].map(([, key = '']) => [key, value] as const),
    ),
  );
}

test.each(hostedSpeechConfig.options)('the page of hosted voices names every key, with its default', (schema) => {
  const [provider = ''] = schema.shape.provider.values;
  const rows = table(`## \`${provider}\``);
  const keys = Object.keys(schema.shape).filter((key) => key !== 'provider' && key !== 'apiKey');
  expect([...rows.keys()].sort()).toEqual(keys.sort());
  for (const [key, value] of Object.entries(schema.parse({ provider, apiKey: 'key' }))) {
    if (!rows.get(key)?.startsWith('`')) continue;
    expect(rows.get(key), key).toBe(`\`${value}\``);
  }
});
