import { FlavorError, type FlavorErrorCode } from '../../../flavor-api/index.js';
import { unreachedPlace } from '../shared/unreached.js';

/** A refusal by a server that said when to come back. */
export class BusyError extends FlavorError {
  constructor(
    code: FlavorErrorCode,
    message: string,
    retryable: boolean,
    /** From now on, ms. */
    readonly retryAfterMs: number,
  ) {
    super(code, message, retryable);
  }
}

/** When a server that refused wants to be asked again, ms from then; `undefined` where it did not say. */
export function retryAfterMs(error: unknown): number | undefined {
  return error instanceof BusyError ? error.retryAfterMs : undefined;
}

/**
 * A refusal by HTTP status. What the server wrote is repeated only as far as it is a name: it may quote the text.
 *
 * @param who The server in messages, as in `the speech server`.
 * @param names Codes out of the body.
 * @param afterMs Out of `Retry-After`.
 */
export function statusFailure(
  who: string,
  status: number,
  names: readonly string[] = [],
  afterMs?: number | undefined,
): FlavorError {
  const what = `(${[`HTTP ${status}`, ...names.map(plain).filter((name) => name !== '')].join(', ')})`;
  const fail = (code: FlavorErrorCode, message: string, retryable: boolean): FlavorError =>
    afterMs === undefined
      ? new FlavorError(code, `${who} ${message} ${what}`, retryable)
      : new BusyError(code, `${who} ${message} ${what}`, retryable, afterMs);
  if (status === 401 || status === 403) return fail('ERR_FLAVOR_AUTH', 'refused the credentials', false);
  if (status === 402) return fail('ERR_FLAVOR_QUOTA', 'wants to be paid', false);
  if (status === 429) {
    // OpenAI and those like it say so as well when the money is spent: no waiting helps.
    const spent = names.some((name) => /insufficient_(?:quota|credit|funds)|billing/i.test(name));
    return fail('ERR_FLAVOR_QUOTA', spent ? 'has no credit left' : 'is busy', !spent);
  }
  if (status === 408 || status === 504) return fail('ERR_FLAVOR_TIMEOUT', 'took too long', true);
  if (status >= 500) return fail('ERR_FLAVOR_NETWORK', 'is out of order', true);
  if (status >= 400) return fail('ERR_FLAVOR_CONFIG', 'does not take the request: check its settings', false);
  return fail('ERR_FLAVOR_PROTOCOL', 'answers in a way that speech servers do not', false);
}

/** A failure below HTTP: name look-up, TCP, TLS, a connection that broke. */
export function transportFailure(who: string, cause: unknown): FlavorError {
  if (cause instanceof FlavorError) return cause;
  const code = codeOf(cause);
  const why = code === '' ? '' : ` (${code})`;
  // Of src/http, which looks at addresses that come out of the network.
  if (code === 'ERR_HTTP_BLOCKED') {
    return new FlavorError('ERR_FLAVOR_PROTOCOL', `${who} named an address that requests may not go to`, false);
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return late(who, 'to connect');
  // undici's parser names the error, and not always its code.
  const unreadable = cause instanceof Error && cause.name === 'HTTPParserError';
  if (unreadable || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new FlavorError('ERR_FLAVOR_PROTOCOL', `${who} does not speak HTTP${why}`, false);
  }
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EHOSTUNREACH') {
    return new FlavorError('ERR_FLAVOR_NETWORK', `${who} cannot be reached${unreachedPlace(cause)}${why}`, true);
  }
  return new FlavorError('ERR_FLAVOR_NETWORK', `the connection to ${who} broke${why}`, true);
}

/** `what` completes "... took too long". */
export function late(who: string, what: string): FlavorError {
  return new FlavorError('ERR_FLAVOR_TIMEOUT', `${who} took too long ${what}`, true);
}

/** An answer that ended before its end. */
export function brokenOff(who: string): FlavorError {
  return new FlavorError('ERR_FLAVOR_NETWORK', `${who} broke off its answer`, true);
}

/** An answer that ended, as it should, without any sound. */
export function noSpeech(who: string): FlavorError {
  return new FlavorError('ERR_FLAVOR_NETWORK', `${who} answered without any speech`, true);
}

/** `what` completes "... sent". */
export function protocolFault(who: string, what: string): FlavorError {
  return new FlavorError('ERR_FLAVOR_PROTOCOL', `${who} sent ${what}`, false);
}

/** A name out of the network, fit for a log line: short, and of harmless characters. What looks like prose is left out. */
export function plain(name: string): string {
  return /^[\w.-]{1,64}$/.test(name) ? name : '';
}

function codeOf(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1) {
    if ('code' in at && typeof at.code === 'string') return plain(at.code);
  }
  return '';
}
