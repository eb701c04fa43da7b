import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { editorSchema, listKeys, type SchemaNode, schemaAt } from '../../src/config/json-schema.js';
import { summary } from './load-text.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the shipped JSON Schema is what the code says: npm run schema writes it', () => {
  expect(JSON.parse(read('sip-config/connector.schema.json'))).toEqual(editorSchema());
});

test('the shipped configuration names the JSON Schema beside it', () => {
  expect(read('sip-config/connector.yaml')).toMatch(/^# yaml-language-server: \$schema=connector\.schema\.json\n/);
});

test('every key has a description', () => {
  const bare = listKeys().filter(({ node }) => !node.description);
  expect(bare.map(({ key }) => key)).toEqual([]);
});

test('editors take a reference wherever more than a text is wanted', () => {
  const schema = editorSchema();
  const at = (...path: string[]): SchemaNode | undefined => schemaAt(schema, path);
  expect(at('limits', 'calls')?.['anyOf']).toEqual([
    { type: 'integer', minimum: 1, maximum: 100_000 },
    { $ref: '#/definitions/reference' },
  ]);
  expect(at('media', 'ports')).toMatchObject({ type: 'string', default: '35000-64999' });
  expect(at('admin')?.additionalProperties).toBe(false);
  expect(at('flavors', 'any')?.additionalProperties).not.toBe(false);
});

describe('docs/3-configuration.md', () => {
  const page = read('docs/3-configuration.md');
  /** The rows of the key tables: key and default. */
  const rows = new Map(
    [...page.matchAll(/^\| `([a-z][\w.<>[\]]*)` \| (.*?) \|/gm)].map(
      ([, key = '', written = '']) => [key, written] as const,
    ),
  );

  test('names every key, and no key that is not there', () => {
    expect([...rows.keys()].sort()).toEqual(
      listKeys()
        .map(({ key }) => key)
        .sort(),
    );
  });

  test('names every default', () => {
    const wrong = listKeys().filter(({ key, node }) => {
      const written = rows.get(key);
      if (node.default === undefined || (node.type === 'object' && node.properties)) return false;
      return written !== `\`${writeDefault(node.default)}\``;
    });
    expect(wrong.map(({ key, node }) => `${key}: ${writeDefault(node.default)}`)).toEqual([]);
  });

  test('has examples that load', async () => {
    const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(await summary(example)).toEqual([]);
  });

  test('says which keys are required', () => {
    const required = [...rows].filter(([, written]) => written === 'required').map(([key]) => key);
    expect(required.sort()).toEqual([
      'cost.prices[].model',
      'cost.prices[].provider',
      'flavors.<name>.use',
      'routes',
      'routes[].match',
      'routes[].settings.url',
      'signaling.drachtio[].secret',
      'signaling.embedded.auth.realm',
      'signaling.embedded.auth.users',
      'signaling.embedded.hep.to',
      'signaling.embedded.register[].password',
      'signaling.embedded.register[].registrar',
      'signaling.embedded.register[].user',
      'tools.<mcp>.type',
      'tools.<module>.path',
      'tools.<module>.type',
      'tools.<webhook>.description',
      'tools.<webhook>.type',
      'tools.<webhook>.url',
      'trunks.<name>.targets',
    ]);
  });
});

function writeDefault(value: unknown): string {
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  if (value === '') return '""';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
