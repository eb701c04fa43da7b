import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { fileProblem } from '../../base/file-problem.js';
import { makeDirectory } from '../../base/make-directory.js';
import type { Config } from '../../config/config.js';
import type { Logger } from '../../flavor-api/index.js';

/** Recordings are voices of callers: nobody else reads them. */
const PRIVATE_MODE = 0o700;

/**
 * Makes the directory of recordings where calls are recorded. One that cannot be written to is told at once, not after
 * the first call; calls are taken all the same, as with a disk that fails later.
 */
export async function prepareRecordings({ mode, path }: Config['recording'], log: Logger): Promise<void> {
  if (mode === 'off') return;
  try {
    await makeDirectory(path, PRIVATE_MODE);
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    const problem = fileProblem(error, 'it cannot be made there');
    log.error({ code: 'ERR_RECORDING_WRITE', path, problem }, 'calls will not be recorded: see recording.path');
  }
}
