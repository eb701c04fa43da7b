import { Writable } from 'node:stream';
import type { CliIo } from '../../src/cli/cli-io.js';

export interface FakeIo extends CliIo {
  /** Everything written so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Sends a signal to whoever subscribes to it. */
  readonly send: (name: 'SIGTERM' | 'SIGINT' | 'SIGHUP') => void;
  /** A promise is rejected, and nobody waits for it. */
  readonly reject: (error: unknown) => void;
  /** How often memory was to be given back. */
  readonly timesGivenBack: () => number;
  /** Subscriptions that are still up. */
  readonly subscriptions: () => number;
}

export interface FakeIoOptions {
  readonly env?: Record<string, string>;
  readonly isTTY?: boolean;
  readonly abort?: AbortController;
  /** What the system says of its limit. */
  readonly openFiles?: number;
}

/** A process for commands under test: output is collected, signals come by `send` and `abort` alone. */
export function createFakeIo(cwd: string, { abort, env = {}, isTTY = false, openFiles }: FakeIoOptions = {}): FakeIo {
  const stdout = collect(isTTY);
  const stderr = collect(isTTY);
  const signals = subscribers<Parameters<FakeIo['send']>[0]>();
  const rejections = subscribers<unknown>();
  let givenBack = 0;
  return {
    stdout: stdout.stream,
    stderr: stderr.stream,
    env,
    cwd,
    signal: (abort ?? new AbortController()).signal,
    onSignal: signals.subscribe,
    onStrayRejection: rejections.subscribe,
    openFilesLimit: () => openFiles,
    giveMemoryBack: () => {
      givenBack += 1;
    },
    timesGivenBack: () => givenBack,
    send: signals.tell,
    reject: rejections.tell,
    subscriptions: () => signals.count() + rejections.count(),
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

function subscribers<T>(): {
  subscribe: (listener: (value: T) => void) => () => void;
  tell: (value: T) => void;
  count: () => number;
} {
  const listeners = new Set<(value: T) => void>();
  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell: (value) => {
      for (const listener of [...listeners]) listener(value);
    },
    count: () => listeners.size,
  };
}
