import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { DtlsFingerprint } from '../engine.js';
import { bitString, integer, objectIdentifier, sequence, set, tagged, time, utf8String } from './der.js';

/** Who we are in DTLS. Plain data: crosses to threads. */
export interface DtlsIdentity {
  /** X.509, DER. */
  readonly certificate: Uint8Array;
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array;
}

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
/** As in the certificates of browsers. The name says nothing: SDP's fingerprint says whose it is. */
const NAME = 'WebRTC';
const VERSION_3 = Uint8Array.of(2);
const DAY_MS = 86_400_000;
/** Clocks differ. */
const BEFORE_MS = DAY_MS;
/** Longer than any process runs. */
const VALID_MS = 3_650 * DAY_MS;

/**
 * A new key (ECDSA, P-256) and a certificate that it signs itself (RFC 5763 section 5), of version 3, as RFC 5246 section
 * 7.4.2 asks.
 * @param wallTimeMs since the Unix epoch
 */
export function createDtlsIdentity(wallTimeMs: number): DtlsIdentity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = sequence(objectIdentifier(ECDSA_WITH_SHA256));
  const name = sequence(set(sequence(objectIdentifier(COMMON_NAME), utf8String(NAME))));
  const signed = sequence(
    tagged(0, integer(VERSION_3)),
    integer(serialNumber()),
    algorithm,
    name,
    sequence(time(wallTimeMs - BEFORE_MS), time(wallTimeMs + VALID_MS)),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
  );
  const signature = sign('sha256', signed, { key: privateKey, dsaEncoding: 'der' });
  return {
    certificate: new Uint8Array(sequence(signed, algorithm, bitString(signature))),
    privateKey: new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' })),
  };
}

/** For SDP (RFC 8122 section 5). */
export function fingerprintOf({ certificate }: DtlsIdentity): DtlsFingerprint {
  return { hash: 'sha-256', value: new Uint8Array(createHash('sha256').update(certificate).digest()) };
}

/** Made once a thread, not once a call: the identity is one object there. */
const signingKeys = new WeakMap<DtlsIdentity, KeyObject>();

export function signingKeyOf(identity: DtlsIdentity): KeyObject {
  let key = signingKeys.get(identity);
  if (key === undefined) {
    key = createPrivateKey({ key: Buffer.from(identity.privateKey), format: 'der', type: 'pkcs8' });
    signingKeys.set(identity, key);
  }
  return key;
}

/** Positive (RFC 5280 section 4.1.2.2). */
function serialNumber(): Uint8Array {
  return Uint8Array.of(1, ...randomBytes(8));
}
