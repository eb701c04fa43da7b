import { readFileSync } from 'node:fs';
import { giveMemoryBack } from '../media/native/free-memory.js';
import type { CliIo } from './cli-io.js';

type SignalName = Parameters<Parameters<CliIo['onSignal']>[0]>[0];

const signalNames = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const satisfies readonly SignalName[];

/**
 * The real process, as commands see it. A reader of ours that has gone (`| head`), or a full disk behind a redirection,
 * costs output and nothing else: calls go on.
 */
export function createProcessIo(process: NodeJS.Process): CliIo {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    signal: new AbortController().signal,
    onSignal(listener) {
      const handlers = signalNames.map((name) => [name, () => listener(name)] as const);
      for (const [name, handler] of handlers) process.on(name, handler);
      return () => {
        for (const [name, handler] of handlers) process.off(name, handler);
      };
    },
    onStrayRejection(listener) {
      process.on('unhandledRejection', listener);
      return () => process.off('unhandledRejection', listener);
    },
    openFilesLimit,
    giveMemoryBack: () => void giveMemoryBack(process.env),
  };
}

/** Linux says it in proc(5). */
function openFilesLimit(): number | undefined {
  try {
    const found = /^Max open files +(\d+) /m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}
