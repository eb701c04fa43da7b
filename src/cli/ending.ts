import type { CliIo } from './cli-io.js';

/** Resolves when the process is told to end, or when whoever embeds the command wants it to. */
export function untilEnded(io: Pick<CliIo, 'onSignal' | 'signal'>): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = io.onSignal((name) => {
      if (name !== 'SIGHUP') done();
    });
    const done = (): void => {
      unsubscribe();
      io.signal.removeEventListener('abort', done);
      resolve();
    };
    io.signal.addEventListener('abort', done, { once: true });
    if (io.signal.aborted) done();
  });
}
