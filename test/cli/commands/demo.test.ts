import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { createFakeIo } from '../fake-io.js';

test('a place that cannot be written to: 1, with its path; as JSON too', async () => {
  const io = createFakeIo(temporaryDirectory());
  writeFileSync(join(io.cwd, 'file'), '');
  expect(await runCli(['demo', '--out', 'file/out'], io)).toBe(1);
  expect(io.err()).toContain(`${join(io.cwd, 'file/out')} cannot be used: what should be its directory is a file`);
  const json = createFakeIo(io.cwd);
  expect(await runCli(['demo', '--out', 'file/out', '--json'], json)).toBe(1);
  expect(JSON.parse(json.out())).toMatchObject({ ok: false, error: { code: 'ENOTDIR' } });
  expect(json.err()).toBe('');
});

test('Ctrl-C in the call: everything is closed, 1, and no recording is left', async () => {
  const io = createFakeIo(temporaryDirectory());
  const code = runCli(['demo'], io);
  await expect.poll(() => io.out(), { timeout: 90_000 }).toContain('agent speaks');
  io.send('SIGINT');
  expect(await code).toBe(1);
  expect(io.err()).toContain('interrupted');
  expect(io.subscriptions()).toBe(0);
  const files = readdirSync(join(io.cwd, 'demo-out'));
  expect(files.filter((file) => file.startsWith('recording') || file.endsWith('.lock'))).toEqual([]);
});

test.each([[['--nosuch']], [['extra']], [['--flavor', 'nobody']], [['--outbound']]])(
  'wrong usage %j: 2',
  async (args) => {
    const io = createFakeIo(temporaryDirectory());
    expect(await runCli(['demo', ...args], io)).toBe(2);
    expect(readdirSync(io.cwd)).toEqual([]);
  },
);

test('--help ends with 0', async () => {
  const io = createFakeIo(temporaryDirectory());
  expect(await runCli(['demo', '--help'], io)).toBe(0);
  expect(io.out()).toContain('--out');
  expect(io.out()).toContain('OPENAI_API_KEY');
});
