import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/index.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** A flavor with a secret under a name that sounds like none. */
const PLUGIN = `
const schema = { type: 'object', properties: { salon: { type: 'string', writeOnly: true } } };
const standard = { version: 1, vendor: 'test', validate: (value) => ({ value }), jsonSchema: { input: () => schema } };
export default { manifest: { id: 'plugin', apiVersion: 1, configSchema: { '~standard': standard } }, create() {} };
`;

test('a program of one’s own knows what a flavor’s schema calls secret, and hears of no flavor that does not load', async () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, 'plugin.mjs'), PLUGIN);
  const flavors = 'flavors:\n  front: { use: ./plugin.mjs, salon: chez-marianne }\n  gone: { use: ./gone.mjs }\n';
  writeFileSync(join(cwd, 'connector.yaml'), `${flavors}routes: [{ match: { any: true }, flavor: front }]\n`);
  const loaded = await loadConfig('connector.yaml', { env: {}, cwd });
  expect(loaded.ok).toBe(true);
  expect(loaded.secrets.redact('401 for chez-marianne')).not.toContain('marianne');
});
