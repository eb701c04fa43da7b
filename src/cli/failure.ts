import { errorCode, errorMessage } from '../base/connector-error.js';
import { type ErrorCode, errorCodes } from '../base/error-codes.js';
import type { CliIo } from './cli-io.js';

/** What helps against an error, from the table of codes; `undefined` for errors of others. */
export function remedyOf(error: unknown): string | undefined {
  const code = errorCode(error);
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
