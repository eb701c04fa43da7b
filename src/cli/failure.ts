import { errorCode, errorMessage } from '../base/connector-error.js';
import { type ErrorCode, errorCodes } from '../base/error-codes.js';
import { OPEN_FILES_REMEDY } from '../base/file-problem.js';
import type { CliIo } from './cli-io.js';

/** What helps a process that may start no more threads: Node says no more than `EAGAIN` then. */
const THREADS_REMEDY =
  'raise the limit of threads (ulimit -u; TasksMax= of a systemd unit, pids_limit: of a Compose file)';

/** What helps against an error, from the table of codes, or against a limit of the system's; `undefined` for errors of others. */
export function remedyOf(error: unknown): string | undefined {
  const code = errorCode(error);
  if (code === 'EMFILE') return OPEN_FILES_REMEDY;
  if (code === 'ERR_WORKER_INIT_FAILED') return THREADS_REMEDY;
  return code !== undefined && isOurs(code) ? errorCodes[code].remedy : undefined;
}

/** Says why a command failed: to people on stderr, to scripts as the one JSON object they wait for. */
export function tellFailure(command: string, error: unknown, io: CliIo, json: boolean): void {
  const code = errorCode(error);
  const message = errorMessage(error);
  const remedy = remedyOf(error);
  if (json) {
    const failure = { code: code ?? null, message, ...(remedy !== undefined && { remedy }) };
    io.stdout.write(`${JSON.stringify({ ok: false, error: failure })}\n`);
    return;
  }
  io.stderr.write(`${command}: ${message}${code === undefined ? '' : ` (${code})`}\n`);
  if (remedy !== undefined) io.stderr.write(`${remedy}\n`);
}

function isOurs(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}
