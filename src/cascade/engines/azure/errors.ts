import { FlavorError } from '../../../flavor-api/index.js';
import { configFailure, wireFailures } from '../shared/wire-failures.js';

export const { asFlavorError, audioLost, protocolFault, socketFailure, timeout } = wireFailures('Azure');

/**
 * Refusal of an upgrade, by HTTP status. The SDK knows none of these: it sees a connection that closed with 1006.
 * https://learn.microsoft.com/azure/ai-services/speech-service/troubleshooting
 */
export function statusError(status: number): FlavorError {
  const named = `HTTP ${status}`;
  switch (status) {
    case 401:
      return new FlavorError('ERR_FLAVOR_AUTH', `Azure refused the key (${named}): check key and region`, false);
    case 403:
      return new FlavorError(
        'ERR_FLAVOR_AUTH',
        `the key of Azure may not do this (${named}): check the resource`,
        false,
      );
    case 408:
      return timeout('to take the request');
    case 429:
      return new FlavorError(
        'ERR_FLAVOR_QUOTA',
        `Azure is busy: the limit of the resource is reached (${named})`,
        true,
      );
    default:
      if (status >= 500) return new FlavorError('ERR_FLAVOR_NETWORK', `Azure is out of order (${named})`, true);
      return configFailure(
        `Azure refused the connection (${named}): check region, endpoint, languages and custom models`,
      );
  }
}

/**
 * The end of a connection that nobody here closed. `reason` is looked at for what Azure tells apart only there, and
 * never repeated. 4429 is no code that the SDK knows: there, it connects again for ever.
 */
export function closeFailure(code: number, reason = ''): FlavorError {
  const what = `close ${code}`;
  if (code === 4429 || /too many requests|throttl|concurrent request limit/i.test(reason)) {
    return new FlavorError('ERR_FLAVOR_QUOTA', `Azure is busy: the limit of the resource is reached (${what})`, true);
  }
  if (code === 4401 || code === 4403) {
    return new FlavorError('ERR_FLAVOR_AUTH', `Azure refused the key (${what})`, false);
  }
  if (/quota/i.test(reason)) {
    return new FlavorError('ERR_FLAVOR_QUOTA', `the quota of the resource is used up (${what})`, false);
  }
  switch (code) {
    case 1007:
      // The one code for all that is wrong with a request: voice, audio format, SSML.
      return configFailure(`Azure does not take the request (${what}): check voice, style and languages`);
    case 1002:
    case 1003:
    case 1009:
    case 4000:
      return new FlavorError(
        'ERR_FLAVOR_PROTOCOL',
        `the connection to Azure ended by a protocol error (${what})`,
        true,
      );
    default:
      return new FlavorError('ERR_FLAVOR_NETWORK', `Azure closed the connection (${what})`, true);
  }
}

/** A `speech.phrase` whose `RecognitionStatus` ends the recognition; `undefined` for one that does not. */
export function phraseFailure(status: string): FlavorError | undefined {
  switch (status) {
    case 'Error':
      return new FlavorError('ERR_FLAVOR_NETWORK', 'Azure reports an error of its recogniser', true);
    case 'TooManyRequests':
      return new FlavorError('ERR_FLAVOR_QUOTA', 'Azure is busy: too many recognitions at once', true);
    case 'Forbidden':
      return new FlavorError('ERR_FLAVOR_QUOTA', 'the free quota of the resource is used up', false);
    case 'BadRequest':
      return configFailure('Azure does not take the settings of the recogniser: check languages and phrases');
    default:
      return undefined;
  }
}
