import type { CliIo } from './cli-io.js';

/**
 * A signal that aborts at the first SIGINT, SIGTERM or SIGHUP, or with `io.signal`. From then on, and after disposal,
 * signals do again what they do by default: a second Ctrl-C ends a process whose clean-up hangs.
 */
export function createInterruption(
  io: Pick<CliIo, 'onSignal' | 'signal'>,
): Disposable & { readonly signal: AbortSignal } {
  const interrupted = new AbortController();
  const unsubscribe = io.onSignal(() => {
    unsubscribe();
    interrupted.abort(new Error('interrupted'));
  });
  return {
    signal: AbortSignal.any([interrupted.signal, io.signal]),
    [Symbol.dispose]: () => unsubscribe(),
  };
}
