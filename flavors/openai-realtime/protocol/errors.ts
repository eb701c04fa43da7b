import { FlavorError } from 'sip-voice-connector/flavor';

/** What the service calls an error: `error.type` and `error.code`. Never its message, which may repeat what was said. */
export interface WireError {
  readonly type: string;
  readonly code: string;
  /** `event_id` of the client event that it answers. */
  readonly eventId: string | undefined;
  readonly param: string;
}

/** What was committed is less than the service takes for a turn, 100 ms. */
export const EMPTY_COMMIT = 'input_audio_buffer_commit_empty';

/** Races that are part of every conversation: two sides that act at once. Nothing is wrong, nothing is lost. */
const benignCodes: ReadonlySet<string> = new Set([
  'conversation_already_has_active_response',
  'response_cancel_not_active',
  EMPTY_COMMIT,
  'item_truncate_invalid_item_id',
  'item_delete_invalid_item_id',
]);

export function isBenign(error: WireError): boolean {
  // The service counts audio that was under way when the answer was cut, or not: either end may know of more.
  return benignCodes.has(error.code) || error.param.endsWith('audio_end_ms');
}

export function isSessionExpired(error: WireError): boolean {
  return error.code === 'session_expired';
}

/** Refusal of the WebSocket upgrade, by HTTP status and, where the body named one, the service's code. */
export function statusError(status: number, code = ''): FlavorError {
  if (status === 401 || status === 403) {
    return new FlavorError('ERR_FLAVOR_AUTH', `the service refused the API key (HTTP ${status})`, false);
  }
  if (status === 429) {
    const exhausted = code === 'insufficient_quota';
    const what = exhausted ? 'the quota is exhausted' : 'the service limits the rate';
    return new FlavorError('ERR_FLAVOR_QUOTA', `${what} (HTTP 429)`, !exhausted);
  }
  if (status >= 500) {
    return new FlavorError('ERR_FLAVOR_NETWORK', `the service is out of order (HTTP ${status})`, true);
  }
  const message = `the service refused the connection (HTTP ${status}): check url, model, azure and dialect`;
  return new FlavorError('ERR_FLAVOR_CONFIG', message, false);
}

/** An `error` event, or the error of a failed response. */
export function wireFailure(error: Pick<WireError, 'type' | 'code' | 'param'>): FlavorError {
  const { type, code } = error;
  const name = code === '' ? plain(type) : plain(code);
  if (code === 'invalid_api_key' || type === 'authentication_error' || type === 'permission_error') {
    return new FlavorError('ERR_FLAVOR_AUTH', `the service refused the API key (${name})`, false);
  }
  if (code === 'insufficient_quota' || type === 'insufficient_quota') {
    return new FlavorError('ERR_FLAVOR_QUOTA', 'the quota is exhausted (insufficient_quota)', false);
  }
  if (code === 'rate_limit_exceeded' || type.startsWith('rate_limit')) {
    return new FlavorError('ERR_FLAVOR_QUOTA', 'the service limits the rate (rate_limit_exceeded)', true);
  }
  if (code === 'session_expired') {
    return new FlavorError('ERR_FLAVOR_NETWORK', 'the session reached its longest duration (session_expired)', true);
  }
  if (type === 'server_error' || code === 'server_error' || code === 'internal_error') {
    return new FlavorError('ERR_FLAVOR_NETWORK', `the service is out of order (${name})`, true);
  }
  const where = error.param === '' ? '' : `, ${plain(error.param)}`;
  return new FlavorError('ERR_FLAVOR_PROTOCOL', `the service refused a request (${name}${where})`, false);
}

/** The end of a connection that nobody here closed. `established`: a session stood. */
export function closeFailure(code: number, established: boolean): FlavorError {
  if (code === 3000 || (code === 1008 && !established)) {
    return new FlavorError('ERR_FLAVOR_AUTH', `the service refused the API key (close ${code})`, false);
  }
  if (code === 1002 || code === 1003 || code === 1007 || code === 1009) {
    return new FlavorError('ERR_FLAVOR_PROTOCOL', `the connection ended by a protocol error (close ${code})`, true);
  }
  return new FlavorError('ERR_FLAVOR_NETWORK', `the service closed the connection (close ${code})`, true);
}

/**
 * A failure below the protocol: name look-up, TCP, TLS, upgrade, framing.
 *
 * @param host where it was to go
 */
export function socketFailure(cause: Error, host: string): FlavorError {
  const code = 'code' in cause && typeof cause.code === 'string' ? plain(cause.code) : '';
  if (code === 'ETIMEDOUT' || cause.message === 'Opening handshake has timed out') return timeout('to connect');
  if (code.startsWith('WS_ERR_')) {
    return new FlavorError('ERR_FLAVOR_PROTOCOL', `the service broke the WebSocket protocol (${code})`, true);
  }
  const why = code === '' ? '' : ` (${code})`;
  return new FlavorError('ERR_FLAVOR_NETWORK', `the connection to ${host} failed${why}`, true);
}

/** `what` completes "the service took too long ...". */
export function timeout(what: string): FlavorError {
  return new FlavorError('ERR_FLAVOR_TIMEOUT', `the service took too long ${what}`, true);
}

/** `what` completes "the service sent ...". The session goes on. */
export function protocolFault(what: string): FlavorError {
  return new FlavorError('ERR_FLAVOR_PROTOCOL', `the service sent ${what}`, true);
}

/** A response that ended before its end, by the `reason` of its `status_details`. What there is of it is heard. */
export function cutShort(reason: string): FlavorError {
  if (reason === 'max_output_tokens') {
    return configFailure('an answer reached maxOutputTokens before its end: raise it, or ask for less');
  }
  const why = plain(reason) === '' ? '' : ` (${plain(reason)})`;
  return new FlavorError('ERR_FLAVOR_PROTOCOL', `the service broke off an answer${why}`, true);
}

/** The configuration cannot work. */
export function configFailure(message: string): FlavorError {
  return new FlavorError('ERR_FLAVOR_CONFIG', message, false);
}

/** A name out of the service's mouth, fit for a log line: short, and of harmless characters. */
function plain(name: string): string {
  return name.replace(/[^\w.[\]-]/g, '').slice(0, 64);
}
