/** What went wrong, in the words the host acts upon. Stable across releases. */
export type FlavorErrorCode =
  /** The provider refused the credentials. Never retried. */
  | 'ERR_FLAVOR_AUTH'
  /** Rate limit or exhausted quota. */
  | 'ERR_FLAVOR_QUOTA'
  /** The provider could not be reached, the connection broke, or it says that it is out of service (5xx). */
  | 'ERR_FLAVOR_NETWORK'
  /** The provider did not answer in time. */
  | 'ERR_FLAVOR_TIMEOUT'
  /** The provider answered something that its protocol does not allow. */
  | 'ERR_FLAVOR_PROTOCOL'
  /** The flavor's configuration cannot work. */
  | 'ERR_FLAVOR_CONFIG'
  /** The operation is one that the capabilities declare as unsupported. */
  | 'ERR_FLAVOR_UNSUPPORTED';

/** All codes, for checks that must enumerate them. */
export const flavorErrorCodes = [
  'ERR_FLAVOR_AUTH',
  'ERR_FLAVOR_QUOTA',
  'ERR_FLAVOR_NETWORK',
  'ERR_FLAVOR_TIMEOUT',
  'ERR_FLAVOR_PROTOCOL',
  'ERR_FLAVOR_CONFIG',
  'ERR_FLAVOR_UNSUPPORTED',
] as const satisfies readonly FlavorErrorCode[];

/**
 * The error a flavor throws or reports. The host recognises it by `code`, never by `instanceof`: two copies of this
 * package may be loaded. `message` goes to logs, so it holds no secret, transcript or digit.
 */
export class FlavorError extends Error {
  override readonly name = 'FlavorError';

  constructor(
    readonly code: FlavorErrorCode,
    message: string,
    /** Whether the same operation may succeed later. */
    readonly retryable: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
