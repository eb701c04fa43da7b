import type { Writable } from 'node:stream';

/** What a command of the command line may touch of its process. Injected, so that tests run commands in-process. */
export interface CliIo {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborted when the command shall end soon: SIGINT, or the test is over. */
  readonly signal: AbortSignal;
  /** Subscribes to SIGTERM, SIGINT and SIGHUP. Returns a function that unsubscribes. */
  onSignal(listener: (name: 'SIGTERM' | 'SIGINT' | 'SIGHUP') => void): () => void;
}
