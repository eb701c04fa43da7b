import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import { formatConfigIssues } from '../../src/config/reading/config-issue.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const text =
  'flavors: { echo: { use: echo } }\nroutes:\n  - { match: { any: true }, flavor: echo, greeting: Grüezi }\n';

async function complaintOf(bytes: Buffer): Promise<string> {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, 'c.yaml'), bytes);
  const loaded = await loadConfig('c.yaml', { env: {}, cwd });
  return loaded.ok ? 'ok' : formatConfigIssues(loaded.errors, { color: false });
}

test('a file that is not UTF-8 is refused by the place where it is not', async () => {
  expect(await complaintOf(Buffer.from(text, 'utf8'))).toBe('ok');
  expect(await complaintOf(Buffer.from(text, 'latin1'))).toBe(
    'error: this is not text in UTF-8\n --> c.yaml:3:55\n  = help: save the file in UTF-8\n',
  );
  const utf16 = await complaintOf(Buffer.from(`\ufeff${text}`, 'utf16le'));
  expect(utf16).toContain('not text in UTF-8\n --> c.yaml:1:1\n');
});

test('a file that is another thing altogether is told what to be', async () => {
  expect(await complaintOf(Buffer.from('- a\n'))).toContain('help: write keys such as flavors: and routes:');
});

test('a default is proposed for what may stand in the file, not for a secret', async () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference is what is tested here
  expect(await complaintOf(Buffer.from('media: { bind: "${VOICE_ADDRESS}" }\n'))).toContain(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the advice has one too
    'set VOICE_ADDRESS before the connector starts, or give a default: ${VOICE_ADDRESS:-value}\n',
  );
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference is what is tested here
  expect(await complaintOf(Buffer.from('admin: { token: "${ADMIN}" }\n'))).toContain(
    'set ADMIN before the connector starts\n',
  );
});

test('a mistake of ours behind the reading is not a file that cannot be read', async () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, 'c.yaml'), text.replace('Grüezi', `"$${'{NAME}'}"`));
  const env = {
    get NAME(): string {
      throw new Error('a mistake of ours');
    },
  };
  await expect(loadConfig('c.yaml', { env, cwd })).rejects.toThrow('a mistake of ours');
});
