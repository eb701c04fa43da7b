import { expect, test } from 'vitest';
import { runCli } from '../../src/cli/run-cli.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { createFakeIo } from './fake-io.js';

async function said(...args: string[]): Promise<{ code: number; text: string }> {
  const io = createFakeIo(temporaryDirectory());
  const code = await runCli(args, io);
  return { code, text: `${io.out()}${io.err()}` };
}

test('defaults are shown as they would be written', async () => {
  const { text } = await said('--help');
  const names = [...text.matchAll(/^ {2}([a-z-]+) \[options\]/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(8);
  for (const name of names) expect((await said(name, '--help')).text).not.toMatch(/default:\s+[[{]/);
});

test('each command in the help is loaded by its name, and says what it is for without the others', async () => {
  const { text } = await said('--help');
  const commands = [...text.matchAll(/^ {2}([a-z-]+) \[options\](?: <[a-z-]+>)?\s+(\S+ \S+)/gm)];
  expect(commands.length).toBeGreaterThan(8);
  for (const [, name = '', beginning = ''] of commands) {
    const alone = await said(name, '--help');
    expect(alone.code).toBe(0);
    expect(alone.text).toMatch(new RegExp(`^Usage: voice-connector ${name} .*\n\n${beginning}`));
  }
});

test('a file without --config is told where to go', async () => {
  const { code, text } = await said('run', 'connector.yaml');
  expect(code).toBe(2);
  expect(text).toContain('a configuration file is named by --config FILE');
  expect((await said('run', 'now')).text).not.toContain('--config');
});
