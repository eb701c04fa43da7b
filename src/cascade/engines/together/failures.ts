import { FlavorError } from '../../../flavor-api/index.js';
import { isObject, type JsonObject, objectIn, parseJson, textIn } from '../shared/json.js';
import type { ProviderFailures } from '../shared/provider-socket.js';
import { late, plain, statusFailure, transportFailure } from '../speech-server/failures.js';

/** Together.ai in messages. */
export const TOGETHER = 'Together.ai';

/** `{"message", "type", "param", "code"}` out of an event. The message may quote the text, and is not repeated. */
export function reportedFailure(error: JsonObject): FlavorError {
  const names = [textIn(error, 'type'), textIn(error, 'code')].map(plain).filter((name) => name !== '');
  const what = names.length === 0 ? '' : ` (${names.join(', ')})`;
  if (names.some((name) => /auth|api_key/i.test(name))) {
    return new FlavorError('ERR_FLAVOR_AUTH', `${TOGETHER} refused the credentials${what}`, false);
  }
  if (names.some((name) => /rate_limit|quota|credit/i.test(name))) {
    return new FlavorError('ERR_FLAVOR_QUOTA', `${TOGETHER} is busy${what}`, true);
  }
  return names.some((name) => /^invalid|not_found/i.test(name))
    ? new FlavorError('ERR_FLAVOR_CONFIG', `${TOGETHER} does not take the request: check its settings${what}`, false)
    : new FlavorError('ERR_FLAVOR_NETWORK', `${TOGETHER} reports an error${what}`, true);
}

/** How failures of a WebSocket are worded. */
export const socketFailures: ProviderFailures = {
  refused(response, body) {
    const parsed = parseJson(body);
    const error = isObject(parsed) ? objectIn(parsed, 'error') : {};
    return statusFailure(TOGETHER, response.statusCode ?? 0, [textIn(error, 'code'), textIn(error, 'type')]);
  },
  closed: (code) => new FlavorError('ERR_FLAVOR_NETWORK', `${TOGETHER} closed the connection (${code})`, true),
  broken: (cause) => transportFailure(TOGETHER, cause),
  late: (what) => late(TOGETHER, what),
};
