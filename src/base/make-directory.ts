import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from './connector-error.js';

/**
 * Makes a directory and those above it that are missing. In place of `recursive` of Node's `mkdir`, which calls a
 * read-only disk a missing file, and never ends below `/proc`.
 *
 * @param mode of those that are made
 */
export async function makeDirectory(path: string, mode?: number): Promise<void> {
  try {
    await make(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if (errorCode(error) !== 'ENOENT' || parent === path) throw error;
    await makeDirectory(parent, mode);
    await make(path, mode);
  }
}

/** Makes one directory; one that is there, or that somebody else has just made, is as good. */
async function make(path: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw error;
    const isThere = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isThere) throw error;
  }
}
