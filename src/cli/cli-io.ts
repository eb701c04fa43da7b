import type { Writable } from 'node:stream';

/** What a command of the command line may touch of its process. Injected, so that tests run commands in-process. */
export interface CliIo {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborted when whoever embeds the command, such as a test, wants it to end soon. Signals go to `onSignal`. */
  readonly signal: AbortSignal;
  /** Subscribes to SIGTERM, SIGINT and SIGHUP. Returns a function that unsubscribes. */
  onSignal(listener: (name: 'SIGTERM' | 'SIGINT' | 'SIGHUP') => void): () => void;
  /**
   * Subscribes to promises that were rejected with nobody waiting for them; without a subscriber such a rejection ends
   * the process. Returns a function that unsubscribes.
   */
  onStrayRejection(listener: (error: unknown) => void): () => void;
  /** How many files and sockets the process may have open; `undefined` where the system does not say. */
  openFilesLimit(): number | undefined;
  /** From now on memory that is no longer used goes back to the system, where the allocator can be told so. */
  giveMemoryBack(): void;
}
