import { FlavorError } from '../../../src/flavor-api/index.js';
import type { ProviderFault } from '../../../src/flavor-testkit/index.js';

export type StageFault = ProviderFault;

/** What a stage says of a provider that fails so. */
export function faultError(fault: StageFault): FlavorError {
  switch (fault) {
    case 'unauthorized':
      return new FlavorError('ERR_FLAVOR_AUTH', 'the service refused the key', false);
    case 'rate-limited':
      return new FlavorError('ERR_FLAVOR_QUOTA', 'the service is busy', true);
    case 'server-error':
      return new FlavorError('ERR_FLAVOR_NETWORK', 'the service is out of order', true);
    case 'hang':
      return new FlavorError('ERR_FLAVOR_TIMEOUT', 'the service said nothing', true);
  }
}

export const dropped = new FlavorError('ERR_FLAVOR_NETWORK', 'the connection broke', true);
export const malformed = new FlavorError('ERR_FLAVOR_PROTOCOL', 'a message that is none', true);
