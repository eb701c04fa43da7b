import { Writable } from 'node:stream';
import type { CliIo } from '../../src/cli/cli-io.js';

export interface FakeIo extends CliIo {
  /** Everything written so far. */
  readonly out: () => string;
  readonly err: () => string;
}

/** A process for commands under test: output is collected, no signal ever comes but by `abort`. */
export function createFakeIo(
  cwd: string,
  { abort, env = {}, isTTY = false }: { env?: Record<string, string>; isTTY?: boolean; abort?: AbortController } = {},
): FakeIo {
  const stdout = collect(isTTY);
  const stderr = collect(isTTY);
  return {
    stdout: stdout.stream,
    stderr: stderr.stream,
    env,
    cwd,
    signal: (abort ?? new AbortController()).signal,
    onSignal: () => () => {},
    onStrayRejection: () => () => {},
    out: stdout.text,
    err: stderr.text,
  };
}

function collect(isTTY: boolean): { stream: Writable & { isTTY: boolean }; text: () => string } {
  let text = '';
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY }), text: () => text };
}
