import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConnectorError } from '../base/connector-error.js';
import { fileProblem } from '../base/file-problem.js';
import { makeDirectory } from '../base/make-directory.js';
import type { Random } from '../base/random.js';
import type { Logger } from '../flavor-api/logger.js';
import { PRIVATE_DIRECTORY_MODE, PRIVATE_FILE_MODE } from './file-system.js';

const TOKEN_BYTES = 32;

/** Where a random admin token is kept when none is configured, from the working directory. */
export const ADMIN_TOKEN_FILE = './data/admin.token';

/**
 * The admin token of a connector without a configured one: read from `path`, or made and written there with mode 0600.
 * A file that others could read or write, that belongs to somebody else, is a link, or does not hold such a token is
 * replaced.
 *
 * Throws `ERR_CONFIG_INVALID` when it cannot be written.
 */
export async function adminToken(
  path: string,
  deps: { readonly random: Random; readonly log: Logger },
): Promise<string> {
  const existing = await readToken(path);
  if (existing !== undefined) return existing;
  const token = deps.random.hex(TOKEN_BYTES);
  try {
    await writeToken(path, token, deps.random);
  } catch (error) {
    const problem = fileProblem(error, 'its directory cannot be made');
    const message = `admin.token is not set, and none can be written to ${path}: ${problem}; set the key, or make that path writable`;
    throw new ConnectorError('ERR_CONFIG_INVALID', message, { cause: error });
  }
  deps.log.info({ path }, 'a new admin token was written');
  return token;
}

/** The token that a connector with this working directory keeps; `undefined` where this user may read none. */
export function readAdminToken(cwd: string): Promise<string | undefined> {
  return readToken(resolve(cwd, ADMIN_TOKEN_FILE));
}

async function readToken(path: string): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!isPrivate(await file.stat())) return undefined;
    const text = await file.readFile('utf8');
    return /^[0-9a-f]{64}\n?$/.test(text) ? text.trimEnd() : undefined;
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}

function isPrivate(facts: Stats): boolean {
  const ours = process.getuid === undefined || facts.uid === process.getuid();
  return facts.isFile() && ours && (facts.mode & 0o777) === PRIVATE_FILE_MODE && facts.size <= 2 * TOKEN_BYTES + 1;
}

/** Written beside and renamed: nobody ever sees half a token, or one with another mode. */
async function writeToken(path: string, token: string, random: Random): Promise<void> {
  await makeDirectory(dirname(path), PRIVATE_DIRECTORY_MODE);
  const beside = `${path}.${random.hex(4)}`;
  const file = await open(beside, 'wx', PRIVATE_FILE_MODE);
  try {
    await file.writeFile(`${token}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
