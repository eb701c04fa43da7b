import { FlavorError, type FlavorErrorCode } from '../../flavor-api/index.js';

/** The request itself cannot work, with whatever engine. */
const hopeless: readonly FlavorErrorCode[] = ['ERR_FLAVOR_UNSUPPORTED'];

/** What a stage threw, as the host understands it: known by its code, since two copies of this package may be loaded. */
export function asFlavorError(error: unknown): FlavorError {
  if (error instanceof FlavorError) return error;
  if (error instanceof Error && 'code' in error && 'retryable' in error && typeof error.retryable === 'boolean') {
    const { code, message, retryable } = error;
    if (typeof code === 'string' && code.startsWith('ERR_FLAVOR_')) {
      return new FlavorError(code as FlavorErrorCode, message, retryable, { cause: error });
    }
  }
  return new FlavorError('ERR_FLAVOR_PROTOCOL', 'a stage failed in a way it did not name', true, { cause: error });
}

/** Whether another engine may do better: not where the call is over, or no engine could. */
export function mayBeTakenOver(error: unknown, signal: AbortSignal): boolean {
  return !signal.aborted && !hopeless.includes(asFlavorError(error).code);
}

/** @param what was not done in time: `nova-3 did not answer` */
export function timeoutError(what: string, limitMs: number): FlavorError {
  return new FlavorError('ERR_FLAVOR_TIMEOUT', `${what} within ${limitMs} ms`, true);
}
