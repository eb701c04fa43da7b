import type { ErrorCode } from './error-codes.js';

/**
 * An error of the connector itself. Recognise it by `code`: two copies of this package may be loaded, so `instanceof`
 * is not to be relied on.
 */
export class ConnectorError extends Error {
  override readonly name = 'ConnectorError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The `code` of anything thrown, or `undefined` when it carries none. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** A description of anything thrown, in its own words. Never throws: the message of an error may be an object, too. */
export function errorMessage(error: unknown): string {
  const said: unknown = error instanceof Error ? error.message : error;
  try {
    return String(said);
  } catch {
    // An object without a prototype, for instance.
    return 'unknown';
  }
}
