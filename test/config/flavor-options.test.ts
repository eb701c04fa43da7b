import { expect, test } from 'vitest';
import * as z from 'zod';
import { explainFlavorOptions, hideWriteOnly } from '../../src/config/flavor-options.js';
import { loadGood } from './load-text.js';

const schema = z.strictObject(
  { voice: z.string().optional() },
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys' && issue.keys.includes('standby')
        ? '`standby` is done by `onFailure`'
        : undefined,
  },
);

test('a flavor may say what to do instead of a key that it does not have', async () => {
  const loaded = await loadGood(
    'flavors: { front: { use: "./front.js", standby: 1, voise: x } }\nroutes: [{ match: { any: true }, flavor: front }]\n',
    { files: { 'front.js': '' } },
  );
  const { issues = [] } = await schema['~standard'].validate({ standby: 1, voise: 'x' });
  const found = explainFlavorOptions(loaded, 'front', issues, { properties: { voice: {} } });
  expect(found.map(({ key, message, help }) => ({ key, message, help }))).toEqual([
    { key: 'flavors.front.standby', message: 'unknown key', help: '`standby` is done by `onFailure`' },
    { key: 'flavors.front.voise', message: 'unknown key', help: 'did you mean "voice"?' },
  ]);
});

test('a secret of a flavor is hidden in whatever kind and list it stands', async () => {
  const license = z.string().meta({ writeOnly: true });
  const kinds = z.strictObject({
    voice: z.discriminatedUnion('provider', [
      z.strictObject({ provider: z.literal('far'), license }),
      z.strictObject({ provider: z.literal('near'), license: z.string() }),
    ]),
    more: z.array(z.strictObject({ license })),
    named: z.record(z.string(), license),
    maybe: license.nullable(),
    headers: z.record(z.string(), z.string()).meta({ writeOnly: true }),
    tokens: z.array(z.string()).meta({ writeOnly: true }),
  });
  const loaded = await loadGood(
    `flavors:
  front: { use: "./front.js", voice: { provider: far, license: canary-one }, more: [{ license: canary-two }],
    named: { a: canary-three }, maybe: canary-four,
    headers: { X-Seal: canary-five }, tokens: [canary-six] }
routes: [{ match: { any: true }, flavor: front }]
`,
    { files: { 'front.js': '' } },
  );
  hideWriteOnly(loaded, 'front', z.toJSONSchema(kinds, { target: 'draft-7', io: 'input' }));
  const { excerpt } = loaded.document.issueAt(['flavors', 'front', 'use'], 'anything');
  expect(JSON.stringify(excerpt)).not.toContain('canary');
  expect(loaded.secrets.redact('canary-one and canary-two')).toBe('[redacted] and [redacted]');
  expect(loaded.secrets.redact('canary-three and canary-four')).toBe('[redacted] and [redacted]');
  expect(loaded.secrets.redact('canary-five and canary-six')).toBe('[redacted] and [redacted]');
});
