import { FlavorError } from 'sip-voice-connector/flavor';
import { broken, withFlavor } from './breaking.js';

export default broken(
  20,
  /'unauthorized': expected ERR_FLAVOR_AUTH, got ERR_FLAVOR_NETWORK/,
  withFlavor((flavor) => ({
    open: (call) =>
      flavor.open(call).catch((cause: unknown) => {
        throw new FlavorError('ERR_FLAVOR_NETWORK', 'something went wrong', true, { cause });
      }),
  })),
);
