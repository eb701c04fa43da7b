import type { SrtpParameters, SrtpSuite } from '../engine.js';
import { exportKeyingMaterial, type HelloRandoms } from './key-schedule.js';

/** RFC 5764 section 4.1.2 and RFC 7714 section 14.2. */
const PROFILES = {
  AES_CM_128_HMAC_SHA1_80: { id: 0x0001, saltBytes: 14 },
  AES_CM_128_HMAC_SHA1_32: { id: 0x0002, saltBytes: 14 },
  AEAD_AES_128_GCM: { id: 0x0007, saltBytes: 12 },
} as const satisfies Record<SrtpSuite, { readonly id: number; readonly saltBytes: number }>;

const KEY_BYTES = 16;
/** RFC 3711 section 9.2: no key lasts longer. */
const MAX_LIFETIME_PACKETS = 2 ** 48;

export function profileId(suite: SrtpSuite): number {
  return PROFILES[suite].id;
}

/** The suite of ours that the peer has too; the order is ours. */
export function chooseSuite(suites: readonly SrtpSuite[], offeredIds: readonly number[]): SrtpSuite | undefined {
  return suites.find((suite) => offeredIds.includes(PROFILES[suite].id));
}

/** Master keys and salts from a DTLS association in which we are the server (RFC 5764 section 4.2). */
export function srtpOf(suite: SrtpSuite, master: Uint8Array, randoms: HelloRandoms): SrtpParameters {
  const { saltBytes } = PROFILES[suite];
  const material = exportKeyingMaterial(master, 'EXTRACTOR-dtls_srtp', randoms, 2 * (KEY_BYTES + saltBytes));
  const salts = material.subarray(2 * KEY_BYTES);
  const clientKey = material.subarray(0, KEY_BYTES);
  const serverKey = material.subarray(KEY_BYTES, 2 * KEY_BYTES);
  return {
    suite,
    localKey: new Uint8Array([...serverKey, ...salts.subarray(saltBytes)]),
    remoteKey: new Uint8Array([...clientKey, ...salts.subarray(0, saltBytes)]),
    remoteLifetimePackets: MAX_LIFETIME_PACKETS,
  };
}
