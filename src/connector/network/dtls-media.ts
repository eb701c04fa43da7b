import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Random } from '../../base/random.js';
import type { DtlsFingerprint } from '../../media/engine.js';
import { createIceCredentials } from '../../media/ice/ice-credentials.js';
import type { LocalDtls } from '../../signaling/sdp/sdp.js';
import type { MediaAddressConfig } from './media-address.js';

/**
 * What answers to browsers say of us.
 *
 * @param fingerprint of the engine's certificate; `undefined`: it does no DTLS, and such offers are refused
 * @param addresses of this machine. Default: as the system tells
 */
export function localDtls(
  fingerprint: DtlsFingerprint | undefined,
  media: MediaAddressConfig,
  random: Random,
  addresses: () => readonly string[] = ownAddresses,
): LocalDtls | undefined {
  if (fingerprint === undefined) return undefined;
  const wildcard = media.advertise === undefined && /^(?:0\.0\.0\.0|[0:]+)$/.test(media.bind);
  return {
    fingerprint,
    newCredentials: () => {
      const { localFragment: fragment, localPassword: password } = createIceCredentials(random);
      return { fragment, password };
    },
    // A browser on this machine that dialled 127.0.0.1 sends from another address, where no answer from loopback counts.
    candidates: () => (wildcard ? addresses() : []),
  };
}

/** Those that others may reach, without loopback and link-local ones. */
function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !(isIPv6(address) && /^fe[89ab]/i.test(address)))
    .map(({ address }) => address);
}
