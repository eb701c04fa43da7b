import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorCode } from '../../src/base/connector-error.js';
import { createSystemRandom } from '../../src/base/random.js';
import { adminToken } from '../../src/ops/admin-token.js';
import { MemoryLog } from '../support/memory-log.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const deps = { random: createSystemRandom(), log: new MemoryLog() };

test('a token is made of 256 random bits and kept where only the owner can read it', async () => {
  const path = join(temporaryDirectory(), 'data', 'admin.token');
  const token = await adminToken(path, deps);
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  expect(await readFile(path, 'utf8')).toBe(`${token}\n`);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(path, '..'))).toEqual(['admin.token']);
});

test('the token of the last run is used again', async () => {
  const path = join(temporaryDirectory(), 'admin.token');
  const token = await adminToken(path, deps);
  expect(await adminToken(path, deps)).toBe(token);
});

test.each([
  ['was readable to others', async (path: string) => chmod(path, 0o644)],
  ['is empty', async (path: string) => writeFile(path, '')],
  ['holds a short token', async (path: string) => writeFile(path, 'admin\n')],
  ['holds more than a token', async (path: string) => writeFile(path, `${'a'.repeat(64)}\n${'b'.repeat(64)}\n`)],
])('a file that %s gives way to a new token', async (_name, spoil) => {
  const path = join(temporaryDirectory(), 'admin.token');
  const token = await adminToken(path, deps);
  await spoil(path);
  const next = await adminToken(path, deps);
  expect(next).not.toBe(token);
  expect(next).toMatch(/^[0-9a-f]{64}$/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a link is not followed, and what it points to is left alone', async () => {
  const directory = temporaryDirectory();
  const planted = join(directory, 'planted');
  await writeFile(planted, `${'a'.repeat(64)}\n`, { mode: 0o600 });
  const path = join(directory, 'admin.token');
  await symlink(planted, path);
  expect(await adminToken(path, deps)).not.toBe('a'.repeat(64));
  expect(await readFile(planted, 'utf8')).toBe(`${'a'.repeat(64)}\n`);
  expect((await stat(path)).isFile()).toBe(true);
});

test('a place that cannot be written is an error that names admin.token', async () => {
  const path = join(temporaryDirectory(), 'admin.token');
  await mkdir(path);
  await writeFile(join(path, 'something'), '');
  const failure = await adminToken(path, deps).catch((error: unknown) => error);
  expect(errorCode(failure)).toBe('ERR_CONFIG_INVALID');
  expect(String(failure)).toContain('admin.token');
  expect(await readdir(join(path, '..'))).toEqual(['admin.token']);
});
