import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadAvc } from '../../../src/cli/read-avc.js';
import { runCli } from '../../../src/cli/run-cli.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { createFakeIo } from '../fake-io.js';

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

it('a file whose API is next door is taken as it stands', async () => {
  const directory = temporaryDirectory();
  const loaded = async (api: string) => {
    writeFileSync(join(directory, 'avc.ini'), `[openai]\nkey = sk-secret\n[engine]\napi_url = ${api}\n`);
    return loadAvc('avc.ini', createFakeIo(directory));
  };
  for (const api of ['http://127.0.0.1:8000/bots', 'http://localhost/bots', 'http://api:8000/', 'http://[::1]/']) {
    expect(await loaded(api)).toMatchObject({ ok: true });
  }
});

it('a mistake that only shows in what the file comes to is not said to stand on a line of the file', async () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'avc.ini'), '[openai]\nkey = sk-secret\n[rtp]\nip = nowhere in particular\n');
  const loaded = await loadAvc('avc.ini', createFakeIo(directory));
  expect(loaded).toMatchObject({
    ok: false,
    errors: [{ key: 'media.advertise', file: 'avc.ini, as import-avc writes it' }],
  });
});

it('says why a file cannot be read', async () => {
  const io = createFakeIo(temporaryDirectory());
  expect(await runCli(['import-avc', '.'], io)).toBe(1);
  expect(io.err()).toContain('error: the file cannot be read: it is a directory');
});
