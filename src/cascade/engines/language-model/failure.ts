import { FlavorError } from '../../../flavor-api/index.js';
import { unreachedPlace } from '../shared/unreached.js';

/**
 * What a vendor's SDK threw, in the words the host acts upon. Read by its shape, so that no SDK is loaded for it. The
 * message names status and codes, never what the provider wrote: providers quote the conversation. For the same reason
 * the error is not kept as a cause.
 */
export function modelFailure(error: unknown): FlavorError {
  if (error instanceof FlavorError) return error;
  if (!isObject(error)) return failure('ERR_FLAVOR_PROTOCOL', 'failed in an unknown way', true);
  const names = codesOf(error);
  const status = typeof error['status'] === 'number' ? error['status'] : undefined;
  if (status !== undefined) return byStatus(status, names);
  return byCode(names) ?? byCause(error);
}

/** The stream ended without saying why. */
export function brokenOff(): FlavorError {
  return failure('ERR_FLAVOR_NETWORK', 'broke off its answer', true);
}

/** A failure that was reported inside of a stream, after a status of 200. */
export function reportedFailure(...codes: readonly (string | null | undefined)[]): FlavorError {
  const names = codes.map((code) => plain(code ?? '')).filter((code) => code !== '');
  return byCode(names) ?? failure('ERR_FLAVOR_PROTOCOL', `reported an error${described(names)}`, true);
}

/** @param what Completes "the language model ...". */
export function tooLate(what: string): FlavorError {
  return failure('ERR_FLAVOR_TIMEOUT', what, true);
}

function byStatus(status: number, names: readonly string[]): FlavorError {
  const what = `(HTTP ${status}${names.length === 0 ? '' : `, ${names.join(', ')}`})`;
  if (status === 401 || status === 403) return failure('ERR_FLAVOR_AUTH', `refused the API key ${what}`, false);
  if (status === 402 || names.includes('insufficient_quota')) {
    return failure('ERR_FLAVOR_QUOTA', `has no quota left ${what}`, false);
  }
  if (status === 429) return failure('ERR_FLAVOR_QUOTA', `limits the rate ${what}`, true);
  if (status === 404) return failure('ERR_FLAVOR_CONFIG', `is not to be found: check model and address ${what}`, false);
  if (status === 408) return failure('ERR_FLAVOR_TIMEOUT', `took too long ${what}`, true);
  if (status >= 500) return failure('ERR_FLAVOR_NETWORK', `is out of order ${what}`, true);
  return failure('ERR_FLAVOR_PROTOCOL', `refused the request ${what}`, false);
}

/** Codes and types of OpenAI, Anthropic and the servers that imitate them. */
function byCode(names: readonly string[]): FlavorError | undefined {
  const has = (...codes: readonly string[]): boolean => codes.some((code) => names.includes(code));
  const what = described(names);
  if (has('authentication_error', 'permission_error', 'invalid_api_key')) {
    return failure('ERR_FLAVOR_AUTH', `refused the API key${what}`, false);
  }
  if (has('insufficient_quota', 'billing_error')) return failure('ERR_FLAVOR_QUOTA', `has no quota left${what}`, false);
  if (has('rate_limit_error', 'rate_limit_exceeded')) {
    return failure('ERR_FLAVOR_QUOTA', `limits the rate${what}`, true);
  }
  if (has('timeout_error')) return failure('ERR_FLAVOR_TIMEOUT', `took too long${what}`, true);
  if (has('overloaded_error', 'api_error', 'server_error', 'unavailable_error')) {
    return failure('ERR_FLAVOR_NETWORK', `is out of order${what}`, true);
  }
  if (has('not_found_error', 'model_not_found')) {
    return failure('ERR_FLAVOR_CONFIG', `is not to be found: check model and address${what}`, false);
  }
  if (has('invalid_request_error')) return failure('ERR_FLAVOR_PROTOCOL', `refused the request${what}`, false);
  return undefined;
}

/** Below HTTP: names, sockets, TLS; or JSON that is none. */
function byCause(error: Record<string, unknown>): FlavorError {
  if (error instanceof SyntaxError) return failure('ERR_FLAVOR_PROTOCOL', 'answered what is no JSON', true);
  let code = '';
  let inner: unknown = error;
  for (let depth = 0; depth < 4 && isObject(inner); depth += 1) {
    if (inner instanceof FlavorError) return inner;
    if (typeof inner['code'] === 'string') code = plain(inner['code']);
    inner = inner['cause'];
  }
  // What was read was of another shape than the API's: nothing below HTTP throws this without a code.
  if (code === '' && (error instanceof TypeError || error instanceof RangeError)) {
    return failure('ERR_FLAVOR_PROTOCOL', 'answered what its API does not have', true);
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT' || error['name'] === 'APIConnectionTimeoutError') {
    return failure('ERR_FLAVOR_TIMEOUT', `could not be reached in time${described([code])}`, true);
  }
  return failure(
    'ERR_FLAVOR_NETWORK',
    `could not be reached, or hung up${unreachedPlace(error)}${described([code])}`,
    true,
  );
}

/** `type` and `code` as SDKs carry them: in the error itself and in the body it was made of. */
function codesOf(error: Record<string, unknown>): readonly string[] {
  const body = isObject(error['error']) ? error['error'] : {};
  const inner = isObject(body['error']) ? body['error'] : body;
  const found = [error['type'], error['code'], inner['type'], inner['code'], inner['param']].flatMap((value) =>
    typeof value === 'string' || typeof value === 'number' ? [plain(String(value))] : [],
  );
  return [...new Set(found)].filter((name) => name !== '');
}

function failure(code: FlavorError['code'], what: string, retryable: boolean): FlavorError {
  return new FlavorError(code, `the language model ${what}`, retryable);
}

function described(names: readonly string[]): string {
  const known = names.filter((name) => name !== '');
  return known.length === 0 ? '' : ` (${known.join(', ')})`;
}

/** A name out of the provider's mouth, fit for a log line: short, and of harmless characters. */
function plain(name: string): string {
  return /^[\w.[\]-]{1,64}$/.test(name) ? name : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
