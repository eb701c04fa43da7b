import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { createFakeIo } from './fake-io.js';

it('a new user imports an INI file, sets what standard error asks for, and the check passes', async () => {
  const directory = temporaryDirectory();
  const ini = ['[openai]', 'key = sk-secret', 'match = 1', 'url = wss://realtime.example.com/v1', 'voice = echo'];
  writeFileSync(join(directory, 'avc.ini'), ini.join('\n'));
  const importing = createFakeIo(directory);
  expect(await runCli(['import-avc', 'avc.ini'], importing)).toBe(0);
  const yaml = importing.out();
  expect(yaml).toMatch(/apiKey: \$\{OPENAI_API_KEY\}$/m);
  expect(yaml).toMatch(/# The protocol before general availability.*\n\s+dialect: beta/);
  expect(yaml + importing.err()).not.toContain('sk-secret');
  expect(importing.err()).toContain('set OPENAI_API_KEY to what avc.ini has as [openai] key');
  writeFileSync(join(directory, 'connector.yaml'), yaml);
  for (const [env, code] of [
    [{}, 1],
    [{ OPENAI_API_KEY: 'sk-secret' }, 0],
  ] as const) {
    const checking = createFakeIo(directory, { env });
    expect([await runCli(['check', '--config', 'connector.yaml'], checking), checking.err()]).toEqual([
      code,
      code === 0 ? '' : expect.stringContaining('OPENAI_API_KEY'),
    ]);
  }
});
