import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import type { DtlsFingerprint } from '../engine.js';
import { HandshakeFault } from './handshake-fault.js';
import { OctetReader } from './octet-reader.js';

const MAX_CERTIFICATE_BYTES = 8_192;
/** What one signature costs to check has to stay small, and has to mean something. */
const RSA_BITS = { min: 2_048, max: 4_096 } as const;
const MAX_RSA_EXPONENT = 2n ** 32n;
const CURVES: readonly (string | undefined)[] = ['prime256v1', 'secp384r1'];

/**
 * The key of a Certificate message (RFC 5246 section 7.4.2) whose first certificate is the one that SDP names (RFC 8122
 * section 5). That says all: it needs neither an issuer nor a time (RFC 5763 section 5). Throws {@link HandshakeFault}.
 */
export function keyOfPeer(body: Uint8Array, fingerprints: readonly DtlsFingerprint[]): KeyObject {
  const message = new OctetReader(body);
  const list = new OctetReader(message.vector(3));
  message.end();
  if (list.isAtEnd) throw new HandshakeFault('handshake_failure', 'the peer has no certificate');
  const certificate = list.vector(3);
  if (certificate.length > MAX_CERTIFICATE_BYTES) {
    throw new HandshakeFault('bad_certificate', "the peer's certificate is too long");
  }
  if (!fingerprints.some((fingerprint) => isOf(fingerprint, certificate))) {
    throw new HandshakeFault('bad_certificate', "the peer's certificate is not the one of its SDP");
  }
  const key = publicKeyOf(certificate);
  if (!isUsable(key))
    throw new HandshakeFault('unsupported_certificate', "the peer's key is of a kind that we do not take");
  return key;
}

function isOf({ hash, value }: DtlsFingerprint, certificate: Uint8Array): boolean {
  return createHash(hash.replace('-', '')).update(certificate).digest().equals(value);
}

function publicKeyOf(certificate: Uint8Array): KeyObject {
  try {
    return new X509Certificate(certificate).publicKey;
  } catch {
    throw new HandshakeFault('bad_certificate', "the peer's certificate cannot be read");
  }
}

function isUsable({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  const { namedCurve, modulusLength = 0, publicExponent = MAX_RSA_EXPONENT } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'ec') return CURVES.includes(namedCurve);
  if (asymmetricKeyType !== 'rsa') return false;
  return modulusLength >= RSA_BITS.min && modulusLength <= RSA_BITS.max && publicExponent < MAX_RSA_EXPONENT;
}
