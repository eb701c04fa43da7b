import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileProblem } from '../../src/base/file-problem.js';
import { makeDirectory } from '../../src/base/make-directory.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

test('what is missing above a directory is made too, with its mode', async () => {
  const top = join(temporaryDirectory(), 'data');
  const path = join(top, 'recordings', 'today');
  await makeDirectory(path, 0o700);
  for (const made of [top, path]) expect((await stat(made)).mode & 0o777).toBe(0o700);
  await makeDirectory(path, 0o755);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test('two that make the same at once are both content', async () => {
  const path = join(temporaryDirectory(), 'a', 'b', 'c');
  await Promise.all([makeDirectory(path), makeDirectory(path), mkdir(path, { recursive: true })]);
  expect((await stat(path)).isDirectory()).toBe(true);
});

test.each([
  ['there', ''],
  ['above it', 'below'],
])('a file %s is said to be one', async (_where, below) => {
  const path = join(temporaryDirectory(), 'file');
  await writeFile(path, '');
  const failure = await makeDirectory(join(path, below)).catch((error: unknown) => error);
  expect(fileProblem(failure)).toBe('what should be its directory is a file');
});

test.runIf(process.platform === 'linux')(
  'where nothing can be made it ends, which mkdir of Node does not',
  async () => {
    await expect(makeDirectory('/proc/voice-connector/data')).rejects.toMatchObject({ code: 'ENOENT' });
  },
);
