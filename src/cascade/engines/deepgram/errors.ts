import { FlavorError } from '../../../flavor-api/index.js';
import { plain, wireFailures } from '../shared/wire-failures.js';

export const { asFlavorError, audioLost, protocolFault, socketFailure, timeout } = wireFailures('Deepgram');

/**
 * Refusal of an upgrade or a request, by HTTP status and, where the body or the header `dg-error` named one, Deepgram's
 * code. https://developers.deepgram.com/docs/errors
 */
export function statusError(status: number, code = ''): FlavorError {
  const named = code === '' ? `HTTP ${status}` : `HTTP ${status}, ${plain(code)}`;
  if (status === 401 || status === 403) {
    return new FlavorError('ERR_FLAVOR_AUTH', `Deepgram refused the API key (${named})`, false);
  }
  if (status === 402) return new FlavorError('ERR_FLAVOR_QUOTA', `Deepgram's credit is used up (${named})`, false);
  if (status === 429) {
    return new FlavorError('ERR_FLAVOR_QUOTA', `Deepgram is busy: the plan's limit is reached (${named})`, true);
  }
  if (status === 408) return timeout('to take the request');
  if (status >= 500) return new FlavorError('ERR_FLAVOR_NETWORK', `Deepgram is out of order (${named})`, true);
  const message = `Deepgram refused the connection (${named}): check url, model, language and the other settings`;
  return new FlavorError('ERR_FLAVOR_CONFIG', message, false);
}

/** The end of a connection that nobody here closed. `reason` is read for a code, and repeated no further. */
export function closeFailure(code: number, reason = ''): FlavorError {
  const named = /\b(?:NET|DATA|MESSAGE|BIG)-?\d{4}\b/i.exec(reason)?.[0].toUpperCase();
  const what = named === undefined ? `close ${code}` : `close ${code}, ${named}`;
  if (code === 1008 && named?.startsWith('DATA') === true) {
    return new FlavorError('ERR_FLAVOR_PROTOCOL', `Deepgram cannot decode the audio (${what})`, false);
  }
  if (code === 1002 || code === 1003 || code === 1007 || code === 1009) {
    return new FlavorError(
      'ERR_FLAVOR_PROTOCOL',
      `the connection to Deepgram ended by a protocol error (${what})`,
      true,
    );
  }
  return new FlavorError('ERR_FLAVOR_NETWORK', `Deepgram closed the connection (${what})`, true);
}

/** An `Error` message inside a connection. Its description is not repeated: it may quote what was said. */
export function serviceFailure(code: string): FlavorError {
  const name = plain(code);
  const what = name === '' ? 'without a code' : name;
  if (/UNAUTHORIZED|INVALID_AUTH|FORBIDDEN|INSUFFICIENT_PERMISSIONS/i.test(code)) {
    return new FlavorError('ERR_FLAVOR_AUTH', `Deepgram refused the API key (${what})`, false);
  }
  if (/PAYMENT_REQUIRED|INSUFFICIENT_(?:FUNDS|CREDIT)/i.test(code)) {
    return new FlavorError('ERR_FLAVOR_QUOTA', `Deepgram's credit is used up (${what})`, false);
  }
  if (/RATE_LIMIT|TOO_MANY|QUOTA/i.test(code)) {
    return new FlavorError('ERR_FLAVOR_QUOTA', `Deepgram is busy (${what})`, true);
  }
  if (/TIMEOUT/i.test(code))
    return new FlavorError('ERR_FLAVOR_TIMEOUT', `Deepgram reports a time-out (${what})`, true);
  if (/INVALID_SETTINGS/i.test(code)) {
    return new FlavorError('ERR_FLAVOR_CONFIG', `Deepgram does not take the settings (${what})`, false);
  }
  if (/UNPARSABLE|MESSAGE-?0000|DATA-?0000/i.test(code)) {
    return new FlavorError('ERR_FLAVOR_PROTOCOL', `Deepgram did not understand a message (${what})`, true);
  }
  return new FlavorError('ERR_FLAVOR_NETWORK', `Deepgram reports an error (${what})`, true);
}
