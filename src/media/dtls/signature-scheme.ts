import { constants, type KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto';

/** `ecdsa_secp256r1_sha256` (RFC 8446 section 4.2.3); in TLS 1.2 it leaves the curve open. Ours. */
export const ECDSA_SHA256 = 0x0403;

interface Scheme {
  readonly hash: 'sha256' | 'sha384';
  readonly keyType: 'ec' | 'rsa';
  readonly how: Omit<VerifyKeyObjectInput, 'key'>;
}

/** What a client may sign with. Certificates of browsers are ECDSA by default; applications may ask for RSA. */
const schemes: ReadonlyMap<number, Scheme> = new Map([
  [ECDSA_SHA256, { hash: 'sha256', keyType: 'ec', how: { dsaEncoding: 'der' } }],
  [0x0503, { hash: 'sha384', keyType: 'ec', how: { dsaEncoding: 'der' } }],
  [0x0804, { hash: 'sha256', keyType: 'rsa', how: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } }],
  [0x0401, { hash: 'sha256', keyType: 'rsa', how: { padding: constants.RSA_PKCS1_PADDING } }],
] as const);

/** In the order of a CertificateRequest. */
export const acceptedSchemes: readonly number[] = [...schemes.keys()];

/** Whether `signature` over `data` is of the owner of `key`; never for schemes that we did not ask for. */
export function isSignedBy(key: KeyObject, scheme: number, data: Uint8Array, signature: Uint8Array): boolean {
  const known = schemes.get(scheme);
  if (known === undefined || known.keyType !== key.asymmetricKeyType) return false;
  return verify(known.hash, data, { key, ...known.how }, signature);
}
