import { sign } from 'node:crypto';
import { CIPHER_SUITE, type ClientHello, extensionType } from './client-hello.js';
import { type DtlsIdentity, signingKeyOf } from './dtls-identity.js';
import type { HelloRandoms } from './key-schedule.js';
import { uint16, vector } from './octets-out.js';
import { DTLS_1_2 } from './record.js';
import { acceptedSchemes, ECDSA_SHA256 } from './signature-scheme.js';

const NAMED_CURVE = 3;
/** Client certificate types (RFC 5246 section 7.4.4, RFC 8422 section 5.5). */
const ECDSA_SIGN = 64;
const RSA_SIGN = 1;

/**
 * The body of a ServerHello (RFC 5246 section 7.4.1.3), of DTLS 1.2 whatever else was offered. It says only what was asked.
 * @param srtpProfile RFC 5764 section 4.1.1; without MKI
 */
export function serverHello(hello: ClientHello, serverRandom: Uint8Array, srtpProfile: number): Uint8Array {
  const extensions = [
    extension(extensionType.extendedMasterSecret),
    extension(extensionType.useSrtp, vector(2, uint16(srtpProfile)), vector(1)),
  ];
  if (hello.knowsRenegotiationInfo) extensions.push(extension(extensionType.renegotiationInfo, vector(1)));
  if (hello.knowsPointFormats) extensions.push(extension(extensionType.pointFormats, vector(1, Uint8Array.of(0))));
  return Buffer.concat([
    uint16(DTLS_1_2),
    serverRandom,
    // No session to come back to.
    vector(1),
    uint16(CIPHER_SUITE),
    Uint8Array.of(0),
    vector(2, ...extensions),
  ]);
}

/** The body of a Certificate (RFC 5246 section 7.4.2). */
export function certificateMessage({ certificate }: DtlsIdentity): Uint8Array {
  return vector(3, vector(3, certificate));
}

/** The body of a ServerKeyExchange (RFC 8422 section 5.4). */
export function serverKeyExchange(
  identity: DtlsIdentity,
  { client, server }: HelloRandoms,
  group: number,
  publicPoint: Uint8Array,
): Uint8Array {
  const parameters = Buffer.concat([Uint8Array.of(NAMED_CURVE), uint16(group), vector(1, publicPoint)]);
  const signed = Buffer.concat([client, server, parameters]);
  const signature = sign('sha256', signed, { key: signingKeyOf(identity), dsaEncoding: 'der' });
  return Buffer.concat([parameters, uint16(ECDSA_SHA256), vector(2, signature)]);
}

/** The body of a CertificateRequest (RFC 5246 section 7.4.4): any authority. */
export function certificateRequest(): Uint8Array {
  return Buffer.concat([
    vector(1, Uint8Array.of(ECDSA_SIGN, RSA_SIGN)),
    vector(2, ...acceptedSchemes.map(uint16)),
    vector(2),
  ]);
}

function extension(type: number, ...content: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([uint16(type), vector(2, ...content)]);
}
