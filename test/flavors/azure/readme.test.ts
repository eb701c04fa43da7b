import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { azureConfigSchema } from '../../../flavors/azure/config.js';
import azure from '../../../flavors/azure/index.js';
import { azureListenSchema, azureSpeakSchema } from '../../../src/cascade/index.js';
import { createKeptLog } from '../../support/silent-log.js';

const readme = await readFile(new URL('../../../flavors/azure/README.md', import.meta.url), 'utf8');

/** Keys and defaults of the table below a heading. */
function table(heading: string): ReadonlyMap<string, string> {
  const [, section = ''] = readme.split(`\n${heading}\n`);
  const [rows = ''] = section.split(/\n##/);
  const cells = [...rows.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| (.*?) \|/gm)];
  return new Map(
    cells.flatMap(([, keys = '', value = '']) =>
      [...keys.matchAll(/`(\w+)`/g)].map(([, key = '']) => [key, value] as const),
    ),
  );
}

const llm = { provider: 'openai', apiKey: 'key' };
const speech = { key: 'key', region: 'westeurope' };

test.each([
  ['## Configuration', azureConfigSchema, { speech, llm }],
  ['### `stt`', azureListenSchema, {}],
  ['### `tts`', azureSpeakSchema, {}],
] as const)(
  'below %s the README names every key, with its default where it is a plain value',
  (heading, schema, least) => {
    const rows = table(heading);
    expect([...rows.keys()].sort()).toEqual(Object.keys(schema.shape).sort());
    const defaults = Object.entries(z.parse(schema, least));
    for (const [key, value] of defaults) {
      if (typeof value === 'object' || key === 'instructions' || !rows.get(key)?.startsWith('`')) continue;
      expect(rows.get(key), key).toBe(`\`${value}\``);
    }
  },
);

test('numbers are said in the language of the voice, unless another is named', async () => {
  const parsed = azureConfigSchema.parse({ speech, llm, tts: { voice: 'de-DE-KatjaNeural' } });
  expect(parsed.language).toBeUndefined();
  const flavor = await azure.create(parsed, { log: createKeptLog(), now: () => 0 });
  expect(flavor.capabilities).toMatchObject({ kind: 'cascade', turnTaking: 'flavor' });
  expect(flavor.capabilities.input[0]).toEqual({ encoding: 'mulaw', sampleRate: 8000 });
  await flavor[Symbol.asyncDispose]();
});
